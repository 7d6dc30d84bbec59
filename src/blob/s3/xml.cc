#include "blob/s3/xml.h"

#include <cstdint>
#include <utility>

namespace insightd::blob::s3 {
namespace {

void AppendUtf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 63));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 63));
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  }
}

// The character that `name` ("amp", "#x41") stands for, at the end of `out`. False for none.
bool AppendEntity(std::string& out, std::string_view name) {
  constexpr std::pair<std::string_view, char> kNamed[] = {
      {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  for (const auto& [known, character] : kNamed) {
    if (name == known) {
      out += character;
      return true;
    }
  }
  if (name.size() < 2 || name[0] != '#') return false;
  const bool is_hex = name[1] == 'x' || name[1] == 'X';
  const std::string_view digits = name.substr(is_hex ? 2 : 1);
  if (digits.empty() || digits.size() > 7) return false;
  std::uint32_t code = 0;
  for (const char c : digits) {
    std::uint32_t digit = 16;
    if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
    if (is_hex && c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
    if (is_hex && c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A' + 10);
    if (digit >= (is_hex ? 16U : 10U)) return false;
    code = code * (is_hex ? 16 : 10) + digit;
  }
  if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
  AppendUtf8(out, code);
  return true;
}

// What is no entity stands for itself.
void AppendDecoded(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t at = text.find('&');
    out.append(text.substr(0, at));
    if (at == text.npos) return;
    text.remove_prefix(at);
    const std::size_t end = text.find(';');
    if (end != text.npos && AppendEntity(out, text.substr(1, end - 1))) {
      text.remove_prefix(end + 1);
    } else {
      out += '&';
      text.remove_prefix(1);
    }
  }
}

std::string_view WithoutPrefix(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == name.npos ? name : name.substr(colon + 1);
}

}  // namespace

XmlScanner::Event XmlScanner::Broken() {
  broken_ = true;
  left_ = {};
  return Event::kBroken;
}

bool XmlScanner::SkipTo(std::string_view end) {
  const std::size_t at = left_.find(end);
  if (at == left_.npos) return false;
  left_.remove_prefix(at + end.size());
  return true;
}

// `left_` begins behind the `<` of a start tag. Sets its name and whether it ends at once.
bool XmlScanner::TakeTag() {
  std::size_t at = left_.find_first_of(" \t\r\n/>");
  if (at == left_.npos || at == 0) return false;
  name_ = left_.substr(0, at);
  // A `>` may stand in the value of an attribute.
  char quote = 0;
  for (; at < left_.size(); ++at) {
    const char c = left_[at];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      ends_at_once_ = left_[at - 1] == '/';
      left_.remove_prefix(at + 1);
      return true;
    }
  }
  return false;
}

XmlScanner::Event XmlScanner::Next() {
  if (broken_) return Event::kBroken;
  if (ends_at_once_) {
    ends_at_once_ = false;
    name_ = WithoutPrefix(open_.back());
    open_.pop_back();
    text_.clear();
    return Event::kEnd;
  }
  for (;;) {
    const std::size_t at = left_.find('<');
    if (at == left_.npos) {
      return open_.empty() && name_.data() != nullptr ? Event::kDone : Broken();
    }
    if (!open_.empty()) AppendDecoded(text_, left_.substr(0, at));
    left_.remove_prefix(at + 1);
    if (left_.starts_with("?")) {
      if (!SkipTo("?>")) return Broken();
    } else if (left_.starts_with("!--")) {
      if (!SkipTo("-->")) return Broken();
    } else if (left_.starts_with("![CDATA[")) {
      left_.remove_prefix(8);
      const std::size_t end = left_.find("]]>");
      if (end == left_.npos || open_.empty()) return Broken();
      text_.append(left_.substr(0, end));
      left_.remove_prefix(end + 3);
    } else if (left_.starts_with("!")) {
      return Broken();
    } else if (left_.starts_with("/")) {
      const std::size_t end = left_.find('>');
      if (end == left_.npos || open_.empty()) return Broken();
      std::string_view name = left_.substr(1, end - 1);
      name = name.substr(0, name.find_first_of(" \t\r\n"));
      if (name != open_.back()) return Broken();
      open_.pop_back();
      name_ = WithoutPrefix(name);
      left_.remove_prefix(end + 1);
      return Event::kEnd;
    } else {
      if (!TakeTag() || open_.size() >= kDepthMax) return Broken();
      open_.push_back(name_);
      name_ = WithoutPrefix(name_);
      text_.clear();
      return Event::kStart;
    }
  }
}

std::string XmlText(std::string_view document, std::string_view name) {
  XmlScanner scanner(document);
  for (;;) {
    switch (scanner.Next()) {
      case XmlScanner::Event::kStart: break;
      case XmlScanner::Event::kEnd:
        if (scanner.name() == name) return scanner.text();
        break;
      case XmlScanner::Event::kDone:
      case XmlScanner::Event::kBroken: return "";
    }
  }
}

}  // namespace insightd::blob::s3
