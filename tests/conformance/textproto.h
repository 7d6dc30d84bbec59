// Reads the text format of protocol buffers as far as the conformance tests use it, without a
// schema: a message is a list of named fields, each a scalar's text or a message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace insightd::conformance {

struct Field;

struct Message {
  std::vector<Field> fields;

  // The first field of that name; nullptr when there is none.
  const Field* Find(std::string_view name) const;
  // The text of the first field of that name, else `fallback`.
  std::string Text(std::string_view name, std::string_view fallback = "") const;
  std::vector<const Field*> All(std::string_view name) const;
};

struct Field {
  std::string name;  // "[type.googleapis.com/…]" for the fields of an Any
  bool is_message = false;
  std::string text;  // of a scalar: of a string what it stands for, else its spelling
  Message message;
};

// Fails with kInvalid, line and what is wrong.
Result<Message> ParseTextproto(std::string_view text);

}  // namespace insightd::conformance
