"""Routes for anybody: there is nothing of any user in what they answer."""
