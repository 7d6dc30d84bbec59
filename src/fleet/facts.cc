#include "fleet/facts.h"

#include <charconv>

namespace insightd::fleet {

Fact Fact::Named(std::map<std::string, Fact, std::less<>> named) {
  Fact fact;
  fact.named_ = std::move(named);
  return fact;
}

Fact& Fact::operator[](std::string_view name) {
  const auto at = named_.find(name);
  return at != named_.end() ? at->second : named_.emplace(name, Fact()).first->second;
}

const Fact* Fact::Find(std::string_view name) const {
  if (kind_ == Kind::kList) {
    std::size_t index = 0;
    const char* const end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data(), end, index);
    if (error != std::errc() || stop != end || index >= list_.size()) return nullptr;
    return &list_[index];
  }
  const auto at = named_.find(name);
  return at == named_.end() ? nullptr : &at->second;
}

std::string Fact::Shown() const {
  switch (kind_) {
    case Kind::kText: return text_;
    case Kind::kNumber: return std::to_string(number_);
    case Kind::kList: return std::to_string(list_.size());
    case Kind::kNamed: return {};
  }
  __builtin_unreachable();
}

}  // namespace insightd::fleet
