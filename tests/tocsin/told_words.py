"""Words of a warning for a child that has no city."""

from alerting.cap import Shape, Warned, Words

WORDS = Warned(
    category="Safety",
    is_public=False,
    zone="UTC",
    words=(Words(language="en-US", event="a", sender_name="b", headline="c", description="d", area="e"),),
    shapes=(Shape(area="f"),),
)
