# SPDX-License-Identifier: MIT
"""What Midge keeps on a board while it talks to it: one function that runs code only when it came over whole.

A request is `_mg(number, code, data, check)`: `data` is base64 of bytes that the code finds as `d`, and `check` covers
all three. The code leaves its answer, a text without newlines, in `r`. The reply is one line

    STX number kind check text ETX       kind is = (an answer), ! (an exception) or ? (the request was damaged)

so that neither a lost byte nor what a board prints of its own can pass for a request or an answer. Names that the code
makes stay until the board is reset, or the function is put there anew because answers were damaged.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass

_SOURCE = """\
import hashlib,binascii
def _mgc(*a):
 h=hashlib.sha256()
 for x in a:h.update(x)
 return binascii.hexlify(h.digest()[:4]).decode()
def _mg(n,c,d,s,g={}):
 d=binascii.a2b_base64(d)
 k,t='?',''
 if _mgc(b'%d'%n,c,d)==s:
  g['d'],g['r']=d,''
  try:
   exec(c,g)
   k,t='=',str(g['r'])
  except Exception as e:
   k,t='!',repr(e)
 print('\\x02%d %s %s %s\\x03'%(n,k,_mgc(b'%d'%n,k.encode(),t.encode()),t))
"""

FORGET = "del _mg,_mgc\n"
_REPLY = re.compile(rb"\x02(\d+) ([=!?]) ([0-9a-f]{8}) ([^\x02\x03]*)\x03")


@dataclass(frozen=True)
class Reply:
    """What the board said to one request."""

    kind: str
    text: str


def _check(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()[:8]


def install_line() -> str:
    """Return the source of the agent, which runs only when it has arrived whole."""
    source = _SOURCE.encode()
    return (
        f"import hashlib\ns={source!r}\n"
        f"if hashlib.sha256(s).digest()[:8]!={hashlib.sha256(source).digest()[:8]!r}:raise ValueError('damaged')\n"
        "exec(s)\ndel s\n"
    )


def request_line(number: int, code: str, data: bytes) -> str:
    """Return the line that asks for `code` to be run with `data` as d."""
    source = code.encode()
    return f"_mg({number},{source!r},{b64encode(data)!r},'{_check(b'%d' % number, source, data)}')\n"


def find_reply(number: int, output: bytes) -> Reply | None:
    """Return the whole reply to request `number` among everything that the board printed."""
    for found in _REPLY.finditer(output):
        kind, text = found[2], found[4]
        if int(found[1]) == number and _check(b"%d" % number, kind, text).encode() == found[3]:
            return Reply(kind.decode(), text.decode(errors="replace"))
    return None
