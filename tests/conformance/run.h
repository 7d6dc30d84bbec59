// Runs one test of the conformance files.
#pragma once

#include <string>

#include "textproto.h"

namespace insightd::conformance {

struct Outcome {
  bool passed = false;
  std::string why;  // of a failure
  // Needs values or types of protocol buffers, which the engine does not have. Told from the text
  // of the test, so it may pass all the same.
  bool needs_messages = false;
  // Wants an unknown as the result; the engine has no partial evaluation.
  bool needs_unknowns = false;
};

// `test` is a cel.expr.conformance.test.SimpleTest.
Outcome Run(const Message& test);

}  // namespace insightd::conformance
