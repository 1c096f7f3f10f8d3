"""Vendors where they really are, for tests that run when a key is in the environment."""

from pipeline.providers import Access
from telephony.vendor_table import BUILT_IN, Layer


def at(vendor: str, layer: Layer, api_key: str) -> Access:
    """The vendor's own address for this layer, with this key."""
    return Access(BUILT_IN[vendor].url(layer), api_key)
