"""Answers of Open311 GeoReport v2 as XML, from the same values as its JSON; pure."""

import re
import xml.etree.ElementTree as ET
from typing import Any, Final

XML: Final = "text/xml; charset=utf-8"

ITEMS: Final = {
    "services": "service",
    "service_requests": "request",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
    "attributes": "attribute",
}
"""What one element of each list is called."""

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(name: str, value: Any) -> bytes:
    """A whole document whose root has that name: members are elements, None is an empty one."""
    root = ET.Element(name)
    _fill(root, value)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _fill(element: ET.Element, value: Any) -> None:
    if isinstance(value, dict):
        for name, inside in value.items():
            _fill(ET.SubElement(element, name), inside)
    elif isinstance(value, list):
        for inside in value:
            _fill(ET.SubElement(element, ITEMS[element.tag]), inside)
    elif value is not None:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        element.text = _NOT_XML.sub("", text)
