"""What routers say of themselves, by VRRP, HSRP or Router Advertisements: evidence and no proof.

Whoever takes a gateway may say the same. So nobody is accused or believed for it, but whoever looks
for the station reads in which group it speaks, and what it advertises.
"""

from collections import OrderedDict
from collections.abc import Iterator

from netguard.findings import Evidence
from probes.heard import Heard, RouterAdvert, VirtualHello
from probes.records import IPAddress

ROOM = 256  # addresses: who has not been heard of for the longest time is forgotten first
SPEAKERS = 8  # of one address, and prefixes in one advertisement, that are told

Word = RouterAdvert | VirtualHello


class Words:
    """The last word of each router about each address, as far as there is room.

    All masters of a VRRP group send from its virtual MAC (RFC 9568): only the speaker tells them
    apart.
    """

    def __init__(self) -> None:
        self._of: OrderedDict[IPAddress, dict[tuple[str, IPAddress], Word]] = OrderedDict()

    def hear(self, heard: Heard) -> None:
        """Take in what was heard, if it is such a word."""
        match heard:
            case RouterAdvert():
                self._note(heard.router, heard.router, heard)
            case VirtualHello():
                for address in heard.addresses[:SPEAKERS]:
                    self._note(address, heard.speaker, heard)

    def _note(self, address: IPAddress, speaker: IPAddress, word: Word) -> None:
        said, who = self._of.setdefault(address, {}), (word.frame_source, speaker)
        said.pop(who, None)
        said[who] = word
        if len(said) > SPEAKERS:
            del said[next(iter(said))]
        self._of.move_to_end(address)
        if len(self._of) > ROOM:
            self._of.popitem(last=False)

    def about(self, address: IPAddress | None) -> Iterator[Evidence]:
        """Yield who said what of an address, the latest last."""
        for word in self._of.get(address, {}).values() if address else ():
            detail = _hello(word) if isinstance(word, VirtualHello) else _advert(word)
            yield Evidence(source="passive", seen=word.seen, detail=detail)


def _hello(word: VirtualHello) -> str:
    return (
        f"{word.frame_source} ({word.speaker}) says by {word.protocol.upper()} that it is"
        f" {word.state} in group {word.group}, priority {word.priority}: proof of nothing"
    )


def _advert(word: RouterAdvert) -> str:
    prefixes = ", ".join(map(str, word.prefixes[:SPEAKERS])) or "no prefix"
    whole = "is a router for" if word.lifetime else "is no default router, within"
    lasting = f" for {word.lifetime} s" if word.lifetime else ""
    return f"{word.frame_source} advertises that it {whole} {prefixes}{lasting}"
