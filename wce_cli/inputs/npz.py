"""numpy's `.npz`: a zip of `.npy` members, as they are or compressed."""

from __future__ import annotations

from os.path import splitext

import msgspec

from wce_cli.errors import Problem, WceError
from wce_cli.inputs.array_members import ARRAY_FIELDS
from wce_cli.inputs.checksums import CheckedMember
from wce_cli.inputs.file import File
from wce_cli.inputs.inflated import Inflated
from wce_cli.inputs.npy import FIRST_BYTES, NpyHeader, read_header, stored
from wce_cli.inputs.stored import StoredArray, place
from wce_cli.inputs.zipped import DEFLATED, MOST_PACKED, STORED, Packed, members

SUFFIX = ".npy"


def read_npz(path: str) -> dict[str, StoredArray | Problem]:
    """The arrays of a `.npz` file by name; what is no `.npy` member is left out, unless it is named like a field.

    Raises WceError if it is no zip to trust; a member that alone cannot be read is a Problem in its place.
    """
    file = File(path, "a .npz file")
    found: dict[str, StoredArray | Problem] = {}
    for member in sorted(members(file), key=lambda one: not one.name.endswith(SUFFIX)):
        is_array = member.name.endswith(SUFFIX)
        name = member.name.removesuffix(SUFFIX) if is_array else splitext(member.name)[0]
        if not is_array and (name not in ARRAY_FIELDS or name in found):
            continue
        try:
            found[name] = _array(file, member, name if is_array else member.name)
        except WceError as error:
            found[name] = error.problems[0]
    return found


def _array(file: File, member: Packed, name: str) -> StoredArray:
    source = place(file.path, name)
    if member.encrypted:
        raise WceError(Problem(f"{source} is encrypted", "numpy writes none: save it again with numpy.savez"))
    if member.method == STORED:
        if member.packed != member.size:
            claim = f"{member.packed} bytes stand there, and the zip says {member.size}"
            raise WceError(Problem(f"{source} is broken: {claim}"))
        checked = CheckedMember(file, member, source)
        return msgspec.structs.replace(
            stored(_header(checked, member, source), name, source, file), fill=checked.fill, checked=checked
        )
    if member.method != DEFLATED:
        hint = "save it again with numpy.savez or numpy.savez_compressed"
        raise WceError(Problem(f"{source} is compressed by method {member.method}, expected 0 or 8 (deflate)", hint))
    if member.size > MOST_PACKED * member.packed:
        claim = f"{member.packed} bytes cannot inflate to the {member.size} that the zip says"
        raise WceError(Problem(f"{source} is broken: {claim}"))
    array = stored(_header(Inflated(file, member, source), member, source), name, source, file)
    return msgspec.structs.replace(array, fill=Inflated(file, member, source).fill, sequential=True)


def _header(reader: CheckedMember | Inflated, member: Packed, source: str) -> NpyHeader:
    block = bytearray(min(FIRST_BYTES, member.size))
    reader.fill(0, memoryview(block))
    return read_header(bytes(block), member.size, source)
