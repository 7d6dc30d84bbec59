// A regular expression among the arguments of a function: made once if it is a constant.
#pragma once

#include <memory>

#include "cel/evaluate.h"
#include "cel/regex.h"

namespace insightd::cel {

// The hook for an overload whose argument number `argument` is a regular expression.
PrepareFunction PrepareRegex(std::size_t argument);

// In the call: what the hook made, else the regular expression of the value.
class RegexArgument {
 public:
  RegexArgument(Context& context, const Value& pattern, const void* prepared);
  bool good() const { return regex_ != nullptr; }
  const Value& error() const { return error_; }  // when not good
  const Regex* operator->() const { return regex_; }
  const Regex& operator*() const { return *regex_; }

 private:
  std::shared_ptr<const Regex> made_;
  const Regex* regex_ = nullptr;
  Value error_;
};

}  // namespace insightd::cel
