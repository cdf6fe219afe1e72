"""Durable events: published in the transaction of the change, delivered until each handler has them."""
