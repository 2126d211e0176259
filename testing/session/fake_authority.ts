/** An authority that lets in who knows the word, when it is told to answer. */
import type { Authority, Question } from "../../src/session/authority.ts";
import { type Approval, PublishRefused, type RefusalKind } from "../../src/session/ingest.ts";

/** Lets in who shows `sesame`, at once or once it is told to. */
export class FakeAuthority implements Authority {
  readonly asked: Question[] = [];
  /** Answers wait for this. */
  hold: Promise<void> | undefined;
  /** How all are refused. */
  refusal: RefusalKind | undefined;

  async ask(question: Question): Promise<Approval> {
    this.asked.push(question);
    await this.hold;
    if (this.refusal !== undefined) throw new PublishRefused(this.refusal, "Not today.");
    const { name, credentials: { key, authorization } } = question;
    if (key === "sesame" || authorization === "Bearer sesame") return { name };
    throw new PublishRefused("not-allowed", `Cannot publish ${name}: not allowed`);
  }
}
