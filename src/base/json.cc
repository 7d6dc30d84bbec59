#include "base/json.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <charconv>
#include <unordered_set>

#include "base/json_writer.h"

namespace insightd::json {
namespace {

using simdjson::dom::document;

constexpr std::size_t kScratchKept = std::size_t{4} << 20;

char TagOf(std::uint64_t word) { return static_cast<char>(word >> 56); }
bool IsNumberTag(std::uint64_t word) {
  return word == std::uint64_t{'l'} << 56 || word == std::uint64_t{'u'} << 56 ||
         word == std::uint64_t{'d'} << 56;
}

// Bytes of texts up to the end of the text that begins at `offset`.
std::size_t TextsEnd(const std::uint8_t* texts, std::uint64_t word) {
  const std::uint64_t offset = word & 0x00ff'ffff'ffff'ffff;
  std::uint32_t size;
  std::memcpy(&size, texts + offset, sizeof(size));
  return offset + sizeof(size) + size + 1;
}

// How many bytes of texts a document uses: up to the end of the last text on its tape. Texts lie
// in the order of the tape, so it is looked for from behind. A word behind a number's tag is that
// number's value and may look like anything; where that cannot be told, the tape is walked.
std::size_t TextsUsed(const document& doc, std::size_t tape_words) {
  const std::uint64_t* tape = doc.tape.get();
  for (std::size_t i = tape_words - 2; i > 0; --i) {
    if (TagOf(tape[i]) != '"') continue;
    if (!IsNumberTag(tape[i - 1])) return TextsEnd(doc.string_buf.get(), tape[i]);
    std::size_t used = 0;
    for (std::size_t k = 1; k < tape_words - 1; ++k) {
      if (TagOf(tape[k]) == '"') used = TextsEnd(doc.string_buf.get(), tape[k]);
      if (IsNumberTag(tape[k])) ++k;
    }
    return used;
  }
  return 0;
}

bool IsIntegerAbove64Bits(std::string_view number) {
  if (number.find_first_of(".eE") != number.npos) return false;
  const char* const end = number.data() + number.size();
  std::int64_t with_sign = 0;
  std::uint64_t without = 0;
  return std::from_chars(number.data(), end, with_sign).ec == std::errc::result_out_of_range &&
         std::from_chars(number.data(), end, without).ec != std::errc();
}

// Integers above 64 bits are an error to simdjson and doubles to us: writes each with a fraction.
std::string WithLongIntegersAsDoubles(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 64);
  bool in_text = false;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (in_text) {
      out += c;
      if (c == '\\' && i + 1 < text.size()) out += text[++i];
      in_text = c != '"';
      ++i;
      continue;
    }
    in_text = c == '"';
    if (c != '-' && (c < '0' || c > '9')) {
      out += c;
      ++i;
      continue;
    }
    const std::size_t end = std::min(text.find_first_not_of("-+0123456789.eE", i), text.size());
    const std::string_view number = text.substr(i, end - i);
    out += number;
    if (IsIntegerAbove64Bits(number)) out += ".0";
    i = end;
  }
  return out;
}

}  // namespace

std::optional<Value> Value::Find(std::string_view name) const {
  if (!is_object()) return std::nullopt;
  std::optional<Value> found;
  for (const Member member : members()) {
    if (member.name == name) found = member.value;
  }
  return found;
}

std::size_t Value::size() const {
  constexpr std::uint32_t kCountMax = 0xff'ffff;  // the tape's counter stops there
  const std::uint32_t counted = (tape_[index_] >> 32) & kCountMax;
  if (counted < kCountMax) return counted;
  std::size_t count = 0;
  if (is_array()) {
    for ([[maybe_unused]] const Value element : elements()) ++count;
  } else {
    for ([[maybe_unused]] const Member member : members()) ++count;
  }
  return count;
}

bool Value::HasDoubledNames() const {
  constexpr std::size_t kFew = 12;
  if (size() > kFew) {
    std::unordered_set<std::string_view> names;
    for (const Member member : members()) {
      if (!names.insert(member.name).second) return true;
    }
    return false;
  }
  const Members all = members();
  for (auto a = all.begin(); a != all.end(); ++a) {
    auto b = a;
    for (++b; b != all.end(); ++b) {
      if ((*a).name == (*b).name) return true;
    }
  }
  return false;
}

void Value::AppendText(std::string& out) const {
  switch (type()) {
    case Type::kNull: out += "null"; return;
    case Type::kBool: out += AsBool() ? "true" : "false"; return;
    case Type::kInt: AppendInt(out, AsInt()); return;
    case Type::kDouble: AppendDouble(out, AsDouble()); return;
    case Type::kString: AppendQuoted(out, AsString()); return;
    case Type::kArray: {
      char before = '[';
      for (const Value element : elements()) {
        out += before;
        element.AppendText(out);
        before = ',';
      }
      out += before == '[' ? "[]" : "]";
      return;
    }
    case Type::kObject: {
      char before = '{';
      for (const Member member : members()) {
        out += before;
        AppendQuoted(out, member.name);
        out += ':';
        member.value.AppendText(out);
        before = ',';
      }
      out += before == '{' ? "{}" : "}";
      return;
    }
  }
}

std::string Value::ToText() const {
  std::string out;
  AppendText(out);
  return out;
}

struct Parser::Impl {
  simdjson::dom::parser parser;
  document doc;
  std::size_t capacity = 0;
};

Parser::Parser() : impl_(std::make_unique<Impl>()) {}
Parser::~Parser() = default;

Result<Document> Parser::ParsePadded(std::string_view text) {
  impl_->capacity = std::max(impl_->capacity, text.size());
  auto parsed = impl_->parser.parse_into_document(impl_->doc, text.data(), text.size(), false);
  if (const auto code = parsed.error(); code != simdjson::SUCCESS) {
    if (code == simdjson::NUMBER_ERROR) {
      std::string rewritten = WithLongIntegersAsDoubles(text);
      if (rewritten.size() != text.size()) return Parse(rewritten);
    }
    return Fail(Code::kInvalid, fmt::format("not JSON: {}", simdjson::error_message(code)));
  }
  const std::uint64_t* tape = impl_->doc.tape.get();
  const std::size_t words = tape[0] & 0x00ff'ffff'ffff'ffff;
  const std::size_t texts = TextsUsed(impl_->doc, words);

  Document document;
  document.bytes_ = (1 + words) * sizeof(std::uint64_t) + texts;
  // One word more than needed at most, so that texts end inside the block.
  document.block_.reset(new std::uint64_t[1 + words + (texts + 7) / 8]);
  document.block_[0] = words * sizeof(std::uint64_t);
  std::memcpy(&document.block_[1], tape, words * sizeof(std::uint64_t));
  std::memcpy(&document.block_[1 + words], impl_->doc.string_buf.get(), texts);
  return document;
}

Result<Document> Parser::Parse(std::string_view text) {
  std::string padded;
  padded.reserve(text.size() + kPadding);
  padded = text;
  padded.append(kPadding, ' ');
  return ParsePadded(std::string_view(padded).substr(0, text.size()));
}

void Parser::Shrink() {
  if (impl_->capacity > kScratchKept) impl_ = std::make_unique<Impl>();
}

Result<Document> Parse(std::string_view text) { return Parser().Parse(text); }

}  // namespace insightd::json
