"""The structure of CAP 1.2 as a schema: elements, their order and number, and the words that each may hold.

Written from the tables of OASIS, Common Alerting Protocol Version 1.2 (2010), section 3.2.
"""

_WORDS = {
    "status": "Actual Exercise System Test Draft",
    "msgType": "Alert Update Cancel Ack Error",
    "scope": "Public Restricted Private",
    "category": "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other",
    "responseType": "Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None",
    "urgency": "Immediate Expected Future Past Unknown",
    "severity": "Extreme Severe Moderate Minor Unknown",
    "certainty": "Observed Likely Possible Unlikely Unknown",
}
_TIMES = {"sent", "effective", "onset", "expires"}
_CONTENT = {
    "alert": "identifier sender sent status msgType source? scope restriction? addresses? code* note? references? "
    "incidents? info*",
    "info": "language? category+ event responseType* urgency severity certainty audience? eventCode* effective? onset? "
    "expires? senderName? headline? description? instruction? web? contact? parameter* resource* area*",
    "area": "areaDesc polygon* circle* geocode* altitude? ceiling?",
    "parameter": "valueName value",
    "eventCode": "valueName value",
    "geocode": "valueName value",
    "resource": "resourceDesc mimeType size? uri? derefUri? digest?",
}
_NUMBER = {"?": ("0", "1"), "*": ("0", "unbounded"), "+": ("1", "unbounded")}


def _element(word: str) -> str:
    name = word.rstrip("?*+")
    least, most = _NUMBER.get(word[len(name) :], ("1", "1"))
    occurs = f'minOccurs="{least}" maxOccurs="{most}"'
    if name in _CONTENT:
        return f'<xs:element ref="cap:{name}" {occurs}/>'
    if name in _WORDS:
        facets = "".join(f'<xs:enumeration value="{value}"/>' for value in _WORDS[name].split())
    elif name in _TIMES:
        facets = r'<xs:pattern value="\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-,+]\d\d:\d\d"/>'
    elif name == "polygon":
        facets = r'<xs:pattern value="-?\d+(\.\d+)?,-?\d+(\.\d+)?( -?\d+(\.\d+)?,-?\d+(\.\d+)?){3,}"/>'
    elif name == "references":
        one = r"[^\s,&lt;&amp;]+,[^\s,&lt;&amp;]+,\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d"
        facets = f'<xs:pattern value="{one}( {one})*"/>'
    elif name in ("identifier", "sender"):
        facets = r'<xs:pattern value="[^\s,&lt;&amp;]+"/>'
    else:
        facets = '<xs:minLength value="1"/>'
    base = "xs:dateTime" if name in _TIMES else "xs:string"
    return (
        f'<xs:element name="{name}" {occurs}><xs:simpleType><xs:restriction base="{base}">{facets}'
        "</xs:restriction></xs:simpleType></xs:element>"
    )


def cap_schema() -> str:
    """XML Schema of a CAP 1.2 message."""
    parts = "".join(
        f'<xs:element name="{name}"><xs:complexType><xs:sequence>'
        + "".join(_element(word) for word in content.split())
        + "</xs:sequence></xs:complexType></xs:element>"
        for name, content in _CONTENT.items()
    )
    namespace = "urn:oasis:names:tc:emergency:cap:1.2"
    return (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:cap="{namespace}" '
        f'targetNamespace="{namespace}" elementFormDefault="qualified">{parts}</xs:schema>'
    )
