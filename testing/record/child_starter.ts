/** A worker that starts one short process after the other, until it is terminated. */
for (;;) await new Deno.Command("true").output();
