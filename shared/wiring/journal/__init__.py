"""What is put together around a journal that is there: reports, archives, checks."""
