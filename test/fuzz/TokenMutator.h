// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mutations of text by tokens, so that most of what a parser gets is still a program:
// a token becomes another one of the same text, a number an odd one, the name of an op
// another op's; lines and parts in brackets are repeated, moved and left out. One time
// in four libFuzzer's own bytewise mutations.
//
#ifndef WICK_TEST_FUZZ_TOKENMUTATOR_H
#define WICK_TEST_FUZZ_TOKENMUTATOR_H

#include <cstdint>
#include <string>
#include <vector>

/// Replaces data[0, size) by a mutation of at most `max` bytes; gives its size. `ops`: what op names become.
/// `separator`: what ends a part that can be moved ('\n' for source, ',' for JSON).
size_t mutateTokens(uint8_t *data, size_t size, size_t max, unsigned seed, const std::vector<std::string> &ops,
                    char separator);

#endif // WICK_TEST_FUZZ_TOKENMUTATOR_H
