"""What is wrong with a file as PDF/A-3b, by those rules of ISO 19005-3:2012 that its objects show.

No validator can be installed from a package registry. What is not looked at: operators of pages, glyphs and
widths of fonts, and the inside of the colour profile.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from lxml import etree
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

_FORBIDDEN_ACTIONS = frozenset(
    {
        "/Launch",
        "/Sound",
        "/Movie",
        "/ResetForm",
        "/ImportData",
        "/JavaScript",
        "/Hide",
        "/SetOCGState",
        "/Rendition",
        "/Trans",
        "/GoTo3DView",
    }
)
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_PART = "{http://www.aiim.org/pdfa/ns/id/}"
_SCHEMA = "{http://www.aiim.org/pdfa/ns/schema#}"
_EXTENSION = "{http://www.aiim.org/pdfa/ns/extension/}"
# The namespaces that need no description in the file (6.6.2.3).
_KNOWN = frozenset(
    {
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "http://purl.org/dc/elements/1.1/",
        "http://ns.adobe.com/xap/1.0/",
        "http://ns.adobe.com/xap/1.0/mm/",
        "http://ns.adobe.com/xap/1.0/rights/",
        "http://ns.adobe.com/xap/1.0/t/pg/",
        "http://ns.adobe.com/pdf/1.3/",
        "http://www.aiim.org/pdfa/ns/id/",
        "http://www.aiim.org/pdfa/ns/extension/",
        "http://www.aiim.org/pdfa/ns/schema#",
        "http://www.aiim.org/pdfa/ns/property#",
        "http://www.aiim.org/pdfa/ns/type#",
        "http://www.aiim.org/pdfa/ns/field#",
    }
)


def violations(content: bytes) -> list[str]:
    """The rules that a PDF breaks, each as its clause and what is wrong; none when it keeps them."""
    with Pdf.open(io.BytesIO(content)) as opened:
        return [*_of_file(content, opened), *_of_objects(opened), *_of_metadata(opened), *_of_files(opened)]


def _of_file(content: bytes, opened: Pdf) -> Iterator[str]:
    head = re.match(rb"%PDF-1\.[0-7](?:\r\n|\r|\n)%[\x80-\xff]{4}", content)
    if not head:
        yield "6.1.2: the header names no version, or no binary comment follows it"
    if not re.search(rb"%%EOF(?:\r\n|\r|\n)?\Z", content):
        yield "6.1.3: something follows the end"
    if "/ID" not in opened.trailer:
        yield "6.1.3: the trailer has no ID"
    if opened.is_encrypted:
        yield "6.1.3: it is encrypted"
    root = opened.Root
    for key, clause in (("/AA", "6.5.2"), ("/Requirements", "6.11"), ("/OpenAction", "6.5.1")):
        if key in root and not isinstance(root[key], Array):
            yield f"{clause}: the catalog has {key}"
    form = root.get("/AcroForm", Dictionary())
    if "/XFA" in form or form.get("/NeedAppearances", False):
        yield "6.4: a form needs a program"
    profiles = [
        intent.get("/DestOutputProfile")
        for intent in root.get("/OutputIntents", Array())
        if intent.get("/S") == Name.GTS_PDFA1
    ]
    if len(profiles) != 1 or not isinstance(profiles[0], Stream) or profiles[0].get("/N") not in (1, 3, 4):
        yield "6.2.3: no colour profile is named as the output's"


def _of_objects(opened: Pdf) -> Iterator[str]:
    for found in opened.objects:
        if isinstance(found, Stream):
            yield from _of_stream(found)
        if not isinstance(found, (Dictionary, Stream)):
            continue
        kind = str(found.get("/Type", ""))
        if kind == "/Font":
            yield from _of_font(found)
        if kind == "/Page" and "/AA" in found:
            yield "6.5.2: a page has actions"
        if kind == "/Annot" and found.get("/Subtype") != Name.Link:
            yield "6.3: an annotation that is no link"
        if str(found.get("/S", "")) in _FORBIDDEN_ACTIONS:
            yield f"6.5.1: the action {found.S}"


def _of_stream(stream: Object) -> Iterator[str]:
    if stream.keys() & {"/F", "/FFilter", "/FDecodeParms"}:
        yield "6.1.7.1: a stream is outside the file"
    filters = stream.get("/Filter", Array())
    if Name.LZWDecode in ([filters] if isinstance(filters, Name) else list(filters)):
        yield "6.1.7.2: a stream is compressed by LZW"
    if stream.get("/Subtype") == Name.Image and (stream.keys() & {"/Alternates", "/OPI"}):
        yield "6.2.8: an image has another one in its place"
    if stream.get("/Subtype") == Name.Image and stream.get("/Interpolate", False):
        yield "6.2.8: an image is interpolated"
    if stream.get("/Subtype") == Name.Form and (stream.keys() & {"/OPI", "/PS", "/Ref"}):
        yield "6.2.9: a form is PostScript, or in another file"


def _of_font(font: Object) -> Iterator[str]:
    kind = str(font.get("/Subtype", ""))
    if kind in ("/Type0", "/Type3"):
        return
    descriptor = font.get("/FontDescriptor", Dictionary())
    if not descriptor.keys() & {"/FontFile", "/FontFile2", "/FontFile3"}:
        yield "6.2.11.4: a font is not embedded"
    if kind == "/CIDFontType2" and "/CIDToGIDMap" not in font:
        yield "6.2.11.3: a font does not say which glyphs it means"


def _of_metadata(opened: Pdf) -> Iterator[str]:
    stream = opened.Root.get("/Metadata")
    if not isinstance(stream, Stream):
        yield "6.6.2.1: there is no metadata"
        return
    if "/Filter" in stream:
        yield "6.6.2.1: the metadata is compressed"
    metadata = etree.fromstring(stream.read_bytes())
    described = list(metadata.iter(f"{_RDF}Description"))
    values = {str(element.tag): (element.text or "").strip() for element in metadata.iter(etree.Element)}
    values |= {str(name): str(value) for part in described for name, value in part.attrib.items()}
    if (values.get(f"{_PART}part"), values.get(f"{_PART}conformance")) != ("3", "B"):
        yield "6.6.4: the metadata does not say that it is PDF/A-3b"
    schemas = {(element.text or "").strip() for element in metadata.iter(f"{_SCHEMA}namespaceURI")}
    if schemas and f"{_EXTENSION}schemas" not in values:
        yield "6.6.2.3: schemas are described outside their list"
    used = {etree.QName(element).namespace for part in described for element in part}
    used |= {etree.QName(name).namespace for part in described for name in part.attrib}
    for namespace in sorted(str(name) for name in used - schemas - _KNOWN if name):
        yield f"6.6.2.3: the schema {namespace} is not described"
    if "/Info" in opened.trailer:
        title = str(opened.trailer.Info.get("/Title", ""))
        titles = [text for element in metadata.iter("{*}title") for text in element.itertext()]
        if title and title not in (text.strip() for text in titles):
            yield "6.6.3: the title in the trailer is another one than in the metadata"


def _of_files(opened: Pdf) -> Iterator[str]:
    listed = {found.objgen for found in opened.Root.get("/AF", Array())}
    for found in opened.objects:
        if not isinstance(found, Dictionary) or found.get("/Type") != Name.Filespec:
            continue
        if not found.keys() >= {"/F", "/UF", "/AFRelationship"}:
            yield "6.8: a file lacks its name, or what it is to the document"
        if found.objgen not in listed:
            yield "6.8: a file belongs to no part of the document"
        embedded = found.get("/EF", Dictionary()).get("/F", Dictionary())
        if "/Subtype" not in embedded:
            yield "6.8: a file does not say its media type"
        if "/ModDate" not in embedded.get("/Params", Dictionary()):
            yield "6.8: a file does not say when it was changed"
