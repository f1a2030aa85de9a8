"""Google Cloud: Firestore, Pub/Sub, Secret Manager; their clients are made at first use."""

from shared.adapters.firestore_documents import FirestoreDocuments
from shared.adapters.google_secrets import GoogleSecrets
from shared.adapters.memory_cache import MemoryCache
from shared.adapters.pubsub_bus import PubsubBus
from shared.adapters.system_clock import SystemClock
from shared.adapters.system_entropy import SystemEntropy
from shared.config import Settings
from shared.wiring.foundation import Foundation


def open_cloud(settings: Settings) -> Foundation:
    """Make the adapters of one project; nothing is dialled yet."""
    clock = SystemClock()
    return Foundation(
        documents=FirestoreDocuments(settings.project, settings.database),
        bus=PubsubBus(settings.project),
        secrets=GoogleSecrets(settings.project, clock),
        clock=clock,
        entropy=SystemEntropy(),
        cache=MemoryCache(clock),
    )
