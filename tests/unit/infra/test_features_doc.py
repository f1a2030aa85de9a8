from infra import features_doc


def test_the_committed_page_is_what_the_definitions_say():
    assert features_doc.render() == features_doc.OUTPUT.read_text(encoding="utf-8")
