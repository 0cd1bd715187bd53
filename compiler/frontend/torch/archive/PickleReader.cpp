// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The instructions: protocol 2 as TorchScript writes it and the data-only part of
// what Python's pickler writes (protocols 2 to 4). Every instruction that is not
// listed ends the reading with an error. Memory is bounded by the length of the
// pickle: each value costs at least one byte of it, and limits bound the rest.
//
#include "compiler/frontend/torch/archive/PickleReader.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"

using namespace llvm;

namespace wick::compiler::torch {

namespace {
enum Opcode : unsigned char {
  Mark = '(',
  Stop = '.',
  Pop = '0',
  PopMark = '1',
  BinInt = 'J',
  BinInt1 = 'K',
  BinInt2 = 'M',
  None = 'N',
  BinPersId = 'Q',
  Reduce = 'R',
  BinUnicode = 'X',
  Append = 'a',
  Build = 'b',
  Global = 'c',
  Dict = 'd',
  EmptyDict = '}',
  Appends = 'e',
  BinGet = 'h',
  LongBinGet = 'j',
  List = 'l',
  EmptyList = ']',
  BinPut = 'q',
  LongBinPut = 'r',
  SetItem = 's',
  Tuple = 't',
  EmptyTuple = ')',
  SetItems = 'u',
  BinFloat = 'G',
  Proto = 0x80,
  NewObj = 0x81,
  Tuple1 = 0x85,
  Tuple2 = 0x86,
  Tuple3 = 0x87,
  NewTrue = 0x88,
  NewFalse = 0x89,
  Long1 = 0x8a,
  ShortBinUnicode = 0x8c,
  StackGlobal = 0x93,
  Memoize = 0x94,
  Frame = 0x95,
};
} // namespace

Expected<Pickle> readPickle(Bytes bytes, StringRef folder, const PickleLimits &limits) {
  return PickleReader(std::move(bytes), folder, limits).read();
}

PickleReader::PickleReader(Bytes bytes, StringRef folder, const PickleLimits &limits) : limits(limits) {
  result.arena = std::make_unique<Pickle::Arena>();
  result.arena->bytes = std::move(bytes);
  result.arena->folder = folder.str();
  data = result.arena->bytes.data;
}

bool PickleReader::fail(const Twine &what) {
  if (problem.empty())
    problem = ("pickle: " + what + " (at offset " + Twine(start) + ")").str();
  return false;
}

Expected<Pickle> PickleReader::read() {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(data[i]); };
  if (data.size() > limits.maxBytes)
    return createStringError("pickle: " + Twine(data.size()) + " bytes, at most " + Twine(limits.maxBytes));
  if (data.size() < 2 || byte(0) != Proto || byte(1) < 2 || byte(1) > 4)
    return createStringError("pickle: does not start with a header of protocol 2 to 4");
  at = 2;
  while (true) {
    start = at;
    const char *opcode;
    if (!take(1, opcode))
      break;
    if (static_cast<unsigned char>(*opcode) == Stop) {
      if (stack.size() != 1 || !marks.empty())
        fail("ends with " + Twine(stack.size()) + " values and " + Twine(marks.size()) +
             " open marks, expected one value");
      else if (at != data.size())
        fail(Twine(data.size() - at) + " bytes follow the end");
      break;
    }
    if (!step(*opcode))
      break;
  }
  if (problem.empty()) {
    result.top = stack.back();
    checkGraph();
  }
  if (!problem.empty())
    return createStringError(problem);
  return std::move(result);
}

bool PickleReader::take(size_t count, const char *&from) {
  if (count > data.size() - at)
    return fail("cut short");
  from = data.data() + at;
  at += count;
  return true;
}

bool PickleReader::takeLine(StringRef &line) {
  StringRef rest(data.data() + at, data.size() - at);
  size_t end = rest.take_front(4096).find('\n');
  if (end == StringRef::npos)
    return fail("a name without end");
  line = rest.take_front(end);
  at += end + 1;
  return true;
}

bool PickleReader::takeString(size_t length) {
  const char *from;
  PickleValue value;
  if (length > limits.maxString)
    return fail("a string of " + Twine(length) + " bytes, at most " + Twine(limits.maxString));
  return take(length, from) && makeText(Kind::String, StringRef(from, length), value) && push(value);
}

bool PickleReader::countNode() {
  return ++nodes <= limits.maxNodes || fail("more than " + Twine(limits.maxNodes) + " values");
}

bool PickleReader::makeText(Kind kind, StringRef text, PickleValue &value) {
  TextNode *node = make(result.arena->texts);
  if (!node)
    return false;
  node->text = text;
  value = PickleValue(kind, node);
  return true;
}

bool PickleReader::makeItems(Kind kind, std::vector<PickleValue> items, PickleValue &value) {
  ItemsNode *node = make(result.arena->containers);
  if (!node)
    return false;
  node->items = std::move(items);
  value = PickleValue(kind, node);
  return true;
}

bool PickleReader::push(PickleValue value) {
  if (stack.size() >= limits.maxStack)
    return fail("more than " + Twine(limits.maxStack) + " values on the stack");
  stack.push_back(value);
  return true;
}

PickleValue *PickleReader::peek() {
  // Values below the last mark belong to whoever closes it.
  if (stack.size() <= (marks.empty() ? 0 : marks.back())) {
    fail("the stack is empty");
    return nullptr;
  }
  return &stack.back();
}

bool PickleReader::pop(PickleValue &value) {
  PickleValue *top = peek();
  if (!top)
    return false;
  value = *top;
  stack.pop_back();
  return true;
}

bool PickleReader::popMark(std::vector<PickleValue> &items) {
  if (marks.empty())
    return fail("no mark to go back to");
  items.assign(stack.begin() + marks.back(), stack.end());
  stack.resize(marks.back());
  marks.pop_back();
  return true;
}

bool PickleReader::memoize(uint64_t slot) {
  PickleValue *top = peek();
  if (!top)
    return false;
  // Writers number their memo without gaps, so a slot is less than the bytes so far.
  if (slot >= data.size())
    return fail("memo slot " + Twine(slot) + " in a pickle of " + Twine(data.size()) + " bytes");
  if (slot >= memo.size()) {
    memo.resize(slot + 1);
    memoSet.resize(slot + 1);
  }
  memo[slot] = *top;
  memoSet[slot] = 1;
  return true;
}

bool PickleReader::recall(uint64_t slot) {
  if (slot >= memo.size() || !memoSet[slot])
    return fail("memo slot " + Twine(slot) + " is not set");
  return push(memo[slot]);
}

bool PickleReader::takeInteger(size_t length) {
  const char *from;
  if (length > 8)
    return fail("an integer of " + Twine(length) + " bytes, at most 8");
  if (!take(length, from))
    return false;
  uint64_t bits = 0;
  for (size_t i = 0; i < length; ++i)
    bits |= uint64_t(static_cast<unsigned char>(from[i])) << (8 * i);
  if (length > 0 && length < 8 && (from[length - 1] & 0x80))
    bits |= ~uint64_t(0) << (8 * length);
  return push(PickleValue(static_cast<int64_t>(bits)));
}

bool PickleReader::pushItems(Kind kind, size_t count) {
  std::vector<PickleValue> items(count);
  for (size_t i = count; i-- > 0;)
    if (!pop(items[i]))
      return false;
  PickleValue value;
  return makeItems(kind, std::move(items), value) && push(value);
}

bool PickleReader::append(ArrayRef<PickleValue> items) {
  PickleValue *top = peek();
  if (!top)
    return false;
  if (!top->isList())
    return fail("items are appended to what is no list");
  std::vector<PickleValue> &list = itemsOf(*top).items;
  list.insert(list.end(), items.begin(), items.end());
  return true;
}

bool PickleReader::setItems(ArrayRef<PickleValue> items) {
  PickleValue *top = peek();
  if (!top)
    return false;
  if (!top->isDict() || items.size() % 2)
    return fail("keys and values are set in what is no dict, or a value is missing");
  std::vector<PickleValue> &dict = itemsOf(*top).items;
  dict.insert(dict.end(), items.begin(), items.end());
  return true;
}

bool PickleReader::pushGlobal() {
  StringRef module, name;
  if (!takeLine(module) || !takeLine(name) || !checkGlobal(module, name))
    return false;
  PickleValue value;
  if (auto dtype = module == "torch" ? dtypeFromName(name) : std::nullopt) {
    if (!makeText(Kind::Dtype, name, value))
      return false;
    textOf(value).dtype = *dtype;
    return push(value);
  }
  if (!makeText(Kind::Global, module, value))
    return false;
  textOf(value).rest = name;
  return push(value);
}

bool PickleReader::newObject() {
  PickleValue arguments, type;
  if (!pop(arguments) || !pop(type))
    return false;
  if (type.kind() != Kind::Global || !textOf(type).text.starts_with("__torch__"))
    return fail("an object of what is no class of the archive's code");
  if (!arguments.isTuple() || !arguments.items().empty())
    return fail("an object with constructor arguments");
  ObjectNode *node = make(result.arena->objects);
  if (!node)
    return false;
  node->className = result.arena->strings.emplace_back((textOf(type).text + "." + textOf(type).rest).str());
  return push(PickleValue(Kind::Object, node));
}

bool PickleReader::build() {
  PickleValue state;
  PickleValue *top = nullptr;
  if (!pop(state) || !(top = peek()))
    return false;
  if (top->isDict())
    return true; // attributes of an OrderedDict (`_metadata` of state dicts): nothing that weights depend on
  if (!top->isObject() || objectOf(*top).built)
    return fail("a state for what is no object, or has one");
  objectOf(*top).state = state;
  objectOf(*top).built = true;
  return true;
}

bool PickleReader::step(unsigned char opcode) {
  const char *from;
  PickleValue value, key;
  std::vector<PickleValue> items;
  switch (opcode) {
  case Mark:
    if (marks.size() >= limits.maxStack)
      return fail("too many marks");
    marks.push_back(stack.size());
    return true;
  case Pop:
    if (!marks.empty() && marks.back() == stack.size()) { // Python pops marks with it
      marks.pop_back();
      return true;
    }
    return pop(value);
  case PopMark:
    return popMark(items);
  case None:
    return push(PickleValue());
  case NewTrue:
    return push(PickleValue(true));
  case NewFalse:
    return push(PickleValue(false));
  case BinInt1:
    return take(1, from) && push(PickleValue(int64_t(static_cast<unsigned char>(*from))));
  case BinInt2:
    return take(2, from) && push(PickleValue(int64_t(support::endian::read16le(from))));
  case BinInt:
    return takeInteger(4);
  case Long1:
    return take(1, from) && takeInteger(static_cast<unsigned char>(*from));
  case BinFloat:
    return take(8, from) && push(PickleValue(llvm::bit_cast<double>(support::endian::read64be(from))));
  case BinUnicode:
    return take(4, from) && takeString(support::endian::read32le(from));
  case ShortBinUnicode:
    return take(1, from) && takeString(static_cast<unsigned char>(*from));
  case BinPut:
    return take(1, from) && memoize(static_cast<unsigned char>(*from));
  case LongBinPut:
    return take(4, from) && memoize(support::endian::read32le(from));
  case Memoize:
    return memoize(memo.size());
  case BinGet:
    return take(1, from) && recall(static_cast<unsigned char>(*from));
  case LongBinGet:
    return take(4, from) && recall(support::endian::read32le(from));
  case EmptyTuple:
    return pushItems(Kind::Tuple, 0);
  case EmptyList:
    return pushItems(Kind::List, 0);
  case EmptyDict:
    return pushItems(Kind::Dict, 0);
  case Tuple1:
  case Tuple2:
  case Tuple3:
    return pushItems(Kind::Tuple, opcode - Tuple1 + 1);
  case Tuple:
    return popMark(items) && makeItems(Kind::Tuple, std::move(items), value) && push(value);
  case List:
    return popMark(items) && makeItems(Kind::List, std::move(items), value) && push(value);
  case Dict:
    return popMark(items) && pushItems(Kind::Dict, 0) && setItems(items);
  case Append:
    return pop(value) && append(value);
  case Appends:
    return popMark(items) && append(items);
  case SetItem:
    return pop(value) && pop(key) && setItems({key, value});
  case SetItems:
    return popMark(items) && setItems(items);
  case Global:
    return pushGlobal();
  case NewObj:
    return newObject();
  case Build:
    return build();
  case Reduce:
    return reduce();
  case BinPersId:
    return persistentId();
  case Proto:
    return take(1, from);
  case Frame:
    return take(8, from);
  default:
    return fail("instruction 0x" + utohexstr(opcode) + " is not one that PyTorch's data formats use");
  }
}

bool PickleReader::checkGraph() {
  // Depth first with an own stack: a node is left when its children have depths.
  struct Visit {
    PickleNode *node;
    ArrayRef<PickleValue> children;
    uint32_t depth = 0;
  };
  std::vector<Visit> path;
  const auto enter = [&](PickleValue value) {
    if (value.kind() == Kind::Global)
      return fail("'" + textOf(value).text + " " + textOf(value).rest + "' stands where a value is expected");
    if (value.kind() == Kind::Storage)
      return fail("a storage stands where a value is expected");
    ArrayRef<PickleValue> children;
    if (value.isTuple() || value.isList() || value.isDict())
      children = itemsOf(value).items;
    else if (value.isObject() || value.kind() == Kind::Enum)
      children = objectOf(value).state;
    else
      return true;
    if (value.node->depth == 1)
      return fail("a value contains itself");
    if (value.node->depth != 0)
      return true;
    if (path.size() >= limits.maxDepth)
      return fail("values nested deeper than " + Twine(limits.maxDepth));
    if (value.isDict() && !checkKeys(itemsOf(value)))
      return false;
    value.node->depth = 1;
    path.push_back({value.node, children});
    return true;
  };
  if (!enter(result.top))
    return false;
  while (!path.empty()) {
    Visit &visit = path.back();
    if (!visit.children.empty()) {
      PickleValue child = visit.children.front();
      visit.children = visit.children.drop_front();
      if (!enter(child))
        return false;
      continue;
    }
    visit.node->depth = 2;
    path.pop_back();
  }
  return true;
}

bool PickleReader::checkKeys(const ItemsNode &dict) {
  DenseSet<StringRef> seen;
  for (size_t i = 0; i < dict.items.size(); i += 2)
    if (dict.items[i].isString() && !seen.insert(dict.items[i].asString()).second)
      return fail("the key '" + dict.items[i].asString() + "' stands twice in a dict");
  return true;
}

} // namespace wick::compiler::torch
