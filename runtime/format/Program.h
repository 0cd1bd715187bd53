// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The in-memory form of what one `.wick` file executes: buffers, kernels, and a
// flat list of instructions. The compiler fills a Program and ProgramWriter
// serializes it; the runtime reads the same bytes in place (ProgramView) and
// validates every index before a session may be created. The schedule is data, not code, so
// that deadlines, source-node errors, planning and validation live in one place
// (docs/decisions/0001-schedule-is-data.md).
//
// Units: sizes and offsets in bytes unless a name says elements. Registers hold
// int64. Arithmetic on registers is overflow-checked and yields a status.
//
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace wick::format {

using Reg = uint32_t;           ///< index of an int64 register
constexpr uint32_t kNone = ~0u; ///< "no register / buffer / node"

/// Element types use the numbers of runtime/abi/DType.def.
using DTypeCode = uint8_t;

/// Where the bytes of a buffer live.
enum class BufferKind : uint8_t {
  Arena,  ///< placed by the arena planner; `sizeReg` gives its bytes
  Input,  ///< `index` = graph input; read only
  Output, ///< `index` = graph output; caller's memory, else in the arena
  Weight, ///< `offset`, `size` inside the weights entry; read only
  View,   ///< `offset` bytes into buffer `index` (kind Arena/Input/Output/Weight); same lifetime as its base
};

struct Buffer {
  BufferKind kind = BufferKind::Arena;
  DTypeCode dtype = 0;
  uint32_t index = kNone; ///< Input/Output number, or View's base buffer
  uint32_t segment = 0;   ///< Arena/Output: the Plan instruction that places it
  Reg sizeReg = kNone;    ///< Arena/Output/View: register with the size in bytes (kNone: `size`;
                          ///< a View with size 0 ends where its base ends)
  Reg offsetReg = kNone;  ///< View: register with bytes to add to `offset`, read at each use (slices in loops)
  uint64_t offset = 0;    ///< Weight/View
  uint64_t size = 0;      ///< static size in bytes when sizeReg is kNone
  uint32_t firstUse = 0;  ///< first and last instruction that touches it (loops: the whole loop)
  uint32_t lastUse = 0;
  uint32_t node = kNone; ///< source node for messages
};

/// One dimension of an input or output: a constant or a register.
struct Dim {
  int64_t value = -1;      ///< >= 0 when constant
  Reg reg = kNone;         ///< else the register that holds it
  uint32_t symbol = kNone; ///< named dim it stands for alone (for messages), else kNone
};

struct ValueInfo { ///< a graph input or output
  std::string name;
  DTypeCode dtype = 0;
  std::vector<Dim> dims;
  uint32_t aliasInput = kNone; ///< output may alias this input (state)
};

/// A named dim of the model. Bound from the first input that shows it, checked on the others.
struct Symbol {
  std::string name;
  int64_t min = 0, max = INT64_MAX;
  Reg reg = kNone;
};

struct Kernel {
  std::string name;            ///< stable name, derived from the body's hash
  std::vector<uint64_t> entry; ///< per slice: offset of the entry in the code image
  uint32_t strategy = 0;       ///< index in Program::strings (for inspect)
};

enum class Op : uint16_t {
  // Registers: a = destination, b and c = source registers.
  Const, ///< R[a] = pool64[b]
  Add,
  Sub,
  Mul,
  FloorDiv,
  CeilDiv,
  Mod,
  Min,
  Max,
  Eq,
  Lt,
  And,
  Or,
  Not,    ///< logical: 0 is false, results are 0 or 1; Mod has the divisor's sign
  Select, ///< R[a] = R[b] != 0 ? R[words[c]] : R[words[c+1]]
  // Memory and registers.
  LoadInt,  ///< R[a] = element R[c] of buffer b (any integer or bool dtype; sign/zero-extended); bounds-checked
  StoreInt, ///< element R[c] of buffer b = R[a], truncated to the dtype
  // Control. Jump targets are instruction indices.
  Jump,       ///< goto a
  JumpIfZero, ///< if R[b] == 0 goto a
  Assert,     ///< R[a] == 0 -> WICK_STATUS_CHECK_FAILED with strings[b], the value R[c - 1] if c > 0, and `node`
  Plan,       ///< place the buffers whose segment == a; R[b] = scratch bytes a worker of this segment
  // Work.
  Call, ///< kernel a; words[b..]: nbufs, bufs..., nargs, arg regs...; c = register with the range (units);
        ///< `cost` = estimated ns a unit (0: never split)
  Copy, ///< buffer a <- buffer b, R[c] bytes (memmove)
  Swap, ///< exchanges the memory of Arena buffers a and b (equal sizes): loop-carried values. The next run starts
        ///< unswapped
  End,  ///< the run is complete
};

/// Flag of a Call: give each worker one long piece instead of several short
/// ones, for kernels whose pieces share set-up work (packing into scratch).
constexpr uint16_t kCallCoarse = 1;

/// Flag of an Assert: what fails is not the caller's mistake but something that this
/// package cannot do; the status is WICK_STATUS_UNSUPPORTED.
constexpr uint16_t kAssertUnsupported = 1;

struct Instr {
  Op op = Op::End;
  uint16_t flags = 0; ///< Call: kCallCoarse; Assert: kAssertUnsupported
  uint32_t a = 0, b = 0, c = 0;
  uint32_t cost = 0;     ///< Call: ns a unit of range on a 3 GHz core
  uint32_t node = kNone; ///< source node (index in Program::nodes)
};

/// The instructions [0, prologueEnd) depend on named dims and constants alone:
/// they compute sizes and Plan segment 0, and are run again only when the dims
/// differ from the last run. [prologueEnd, end) run every time, and start with
/// the registers as the prologue left them. The prologue holds register
/// arithmetic, Assert, Plan and forward jumps only.
struct Program {
  std::vector<Symbol> symbols;
  std::vector<ValueInfo> inputs, outputs;
  /// Buffer of each input/output. An input's is of kind Input with its number;
  /// an output's is of kind Output with its number, or any other buffer (then
  /// the runtime copies it at End when the caller bound memory).
  std::vector<uint32_t> inputBuffers, outputBuffers;
  std::vector<Buffer> buffers;
  std::vector<Kernel> kernels;
  std::vector<Instr> instrs;
  uint32_t prologueEnd = 0;
  uint32_t numRegs = 0;
  uint32_t numSegments = 1;
  uint64_t splitThresholdNs = 20000; ///< a Call below this estimated cost is never split
  std::vector<uint32_t> words;       ///< operand lists
  std::vector<int64_t> pool64;       ///< constants
  std::vector<std::string> strings;
  std::vector<std::string> nodes; ///< source nodes ("Conv_12"), several joined by ", "
  /// The same model with some dims fixed, for runs with those dims. They share
  /// weights and code image with this program, and have no variants.
  std::vector<Program> variants;
};

} // namespace wick::format
