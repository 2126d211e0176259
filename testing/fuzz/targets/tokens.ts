/** What reads key sets, tokens, and what tokens grant. */
import assert from "node:assert/strict";
import { KeySetError, readSigningKeys } from "../../../src/tokens/signing_keys.ts";
import { TokenAuthority } from "../../../src/tokens/token_authority.ts";
import { TokenRefused } from "../../../src/tokens/token_refused.ts";
import { TokenVerifier } from "../../../src/tokens/token_verifier.ts";
import { FakeClock } from "../../fake_clock.ts";
import { FakeKeySource, Issuer, keySetOf } from "../../tokens/issuer.ts";
import { about, bytesOf, type Target, textOf } from "../target.ts";

const ISSUER = new Issuer();
const RIGHTS = [{ action: "publish", name: "dj1" }, { action: "listen", name: "*" }];
const TOKEN = ISSUER.token(RIGHTS);

export const TOKEN_TARGETS: readonly Target[] = [
  {
    name: "key_set",
    errors: [KeySetError],
    tokens: ['"keys"', '"kty"', '"EC"', '"d"', "[", "{", "null"],
    seeds: () => [bytesOf(keySetOf(ISSUER)), bytesOf('{"keys":[{"kty":"RSA","n":"AQ"}]}')],
    run: (input) => about(readSigningKeys(textOf(input)).set.keys.length),
  },
  {
    name: "token",
    errors: [TokenRefused],
    tokens: [...TOKEN.split("."), ".", "eyJ", "AAAA"],
    seeds: () => [bytesOf(TOKEN), bytesOf(ISSUER.unsignedToken(RIGHTS))],
    async run(input) {
      const clock = new FakeClock(Date.UTC(2026, 0, 1));
      const keys = new FakeKeySource(ISSUER);
      const verifier = new TokenVerifier({ clock, keys, issuer: undefined, audience: undefined });
      const token = textOf(input);
      const authority = new TokenAuthority({ clock, verifier, endsSession: false });
      const isMeant = authority.recognizes({ name: "dj1", key: token });
      const { rights } = await verifier.verify(token);
      // Nobody else can sign.
      assert.equal(token.split(".").slice(0, 2).join(), TOKEN.split(".").slice(0, 2).join());
      return `${isMeant} ${about(rights.length)}`;
    },
  },
];
