"""`daybias connections`: logins, and the consent that makes one."""
