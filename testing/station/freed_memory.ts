/**
 * Takes memory as libsrt does, gives it back to malloc, trims, and prints how much more than before
 * is resident each time. Run by a test as a process of its own, since it looks at all its memory.
 */
import { trimMemory } from "../../src/station/memory_trim.ts";
import { FakeClock } from "../fake_clock.ts";

/** Less than malloc asks the system for one by one. */
const BLOCK_BYTES = 30_000;
const BLOCKS = 2000;
const MINUTE_MS = 60_000;

const { symbols } = Deno.dlopen("libc.so.6", {
  malloc: { parameters: ["usize"], result: "pointer" },
  memset: { parameters: ["pointer", "i32", "usize"], result: "pointer" },
  free: { parameters: ["pointer"], result: "void" },
});

function allocate(): Deno.PointerValue {
  const block = symbols.malloc(BigInt(BLOCK_BYTES));
  symbols.memset(block, 1, BigInt(BLOCK_BYTES));
  return block;
}

const clock = new FakeClock();
const stop = trimMemory(clock);
const blocks: Deno.PointerValue[] = [];
const before = Deno.memoryUsage().rss;
const grownBy = () => Deno.memoryUsage().rss - before;
for (let i = 0; i < BLOCKS; i++) blocks.push(allocate());
// The last one stays, and malloc by itself gives back only what is free behind it.
for (const block of blocks.slice(0, -1)) symbols.free(block);
const freed = grownBy();
await clock.advance(MINUTE_MS);
const trimmed = grownBy();
await stop();
console.log(JSON.stringify({ freed, trimmed }));
