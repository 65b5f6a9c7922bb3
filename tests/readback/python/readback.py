"""Reads objects back: for each compression, object and file on the command line, writes what is in the object to the file."""

import gzip
import io
import sys
import zipfile

import cramjam
from snappy import snappy
import zstandard


def read_zip(body):
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        (name,) = archive.namelist()
        assert archive.testzip() is None
        return archive.read(name)


def read_snappy(body):
    """The stream of snappy-java: a header of 16 bytes, then blocks behind their lengths."""
    assert body[:16] == b"\x82SNAPPY\0\0\0\0\1\0\0\0\1", body[:16]
    out, at = [], 16
    while at < len(body):
        length = int.from_bytes(body[at : at + 4], "big")
        block = body[at + 4 : at + 4 + length]
        assert len(block) == length
        out.append(bytes(cramjam.snappy.decompress_raw(block)))
        at += 4 + length
    return b"".join(out)


def read_hadoop(body):
    out = io.BytesIO()
    # It takes every block for one chunk, which ours are.
    snappy.hadoop_stream_decompress(io.BytesIO(body), out)
    return out.getvalue()


def read_zstd(body):
    with zstandard.ZstdDecompressor().stream_reader(body) as reader:
        out = reader.read()
    size = zstandard.get_frame_parameters(body).content_size
    assert size in (len(out), zstandard.CONTENTSIZE_UNKNOWN)
    assert zstandard.get_frame_parameters(body).has_checksum
    return out


READERS = {
    "gzip": gzip.decompress,
    "zip": read_zip,
    "snappy": read_snappy,
    "hadoop-snappy": read_hadoop,
    "zstd": read_zstd,
}

arguments = sys.argv[1:]
for compression, source, target in zip(arguments[::3], arguments[1::3], arguments[2::3]):
    with open(source, "rb") as file:
        body = file.read()
    with open(target, "wb") as file:
        file.write(READERS[compression](body))
