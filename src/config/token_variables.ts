/** The part of the configuration's table that tells which tokens count. */
import { anyText, boolean, path, secretUrl } from "./kinds.ts";
import { optional, variable } from "./variable.ts";

/** Environment variables of tokens. */
export const TOKEN_VARIABLES = {
  keysUrl: optional(
    "ECHO_JWKS_URL",
    secretUrl,
    "where the key set (JWKS) is that tokens are checked with, for ECHO_AUTH=jwt and HLS_AUTH=jwt",
  ),
  keysFile: optional("ECHO_JWKS_FILE", path, "or the file that it is in"),
  issuer: optional("ECHO_JWT_ISSUER", anyText, "who issues tokens: their claim iss"),
  audience: optional("ECHO_JWT_AUDIENCE", anyText, "whom tokens are for: their claim aud"),
  endsSession: variable(
    "ECHO_JWT_ENDS_SESSION",
    boolean,
    "0",
    "1: a session ends when the token expires that opened it",
  ),
};
