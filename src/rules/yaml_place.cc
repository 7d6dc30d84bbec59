// Where a byte of a scalar's text stands in the source.
//
// The decoded text is known, so it leads: source and text are walked side by side, and each byte
// of the text is given the place that it came from. Where the two part (a form not foreseen), the
// answer is the scalar's own place.
#include "base/utf8.h"
#include "rules/yaml.h"

namespace insightd::rules::yaml {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// Walks up to the byte `wanted` of `text`. Each step returns false where source and text part.
class Walk {
 public:
  Walk(std::string_view source, const Node& node, std::size_t wanted)
      : source_(source), text_(node.text), at_(node.offset), wanted_(wanted) {}

  std::optional<std::size_t> Flow(Style style) {
    if (style != Style::kPlain) ++at_;
    while (done_ < wanted_ || (done_ == wanted_ && IsFoldNext())) {
      if (done_ >= text_.size()) break;
      const bool stepped = IsFoldNext() ? Fold() : FlowByte(style);
      if (!stepped) return std::nullopt;
      if (done_ > wanted_) return fold_at_;
    }
    return at_;
  }

  std::optional<std::size_t> Block(Style style) {
    // Behind the header's line.
    at_ = source_.find('\n', at_);
    if (at_ == source_.npos) return std::nullopt;
    ++at_;
    if (!FindIndent()) return std::nullopt;
    while (SkipEmptyLines() && done_ <= wanted_) {
      const std::size_t line_begin = at_;
      at_ += indent_;
      const std::size_t end = LineEnd(line_begin);
      while (at_ < end && done_ < text_.size() && source_[at_] == text_[done_]) {
        if (done_ == wanted_) return at_;
        ++at_;
        ++done_;
      }
      if (at_ != end) return std::nullopt;
      if (done_ == wanted_) return at_;
      at_ = source_.find('\n', at_);
      if (at_ == source_.npos) return std::nullopt;
      ++at_;
      if (style == Style::kFolded && done_ < text_.size() && text_[done_] == ' ') {
        ++done_;
      } else {
        while (done_ < text_.size() && text_[done_] == '\n') {
          if (done_ == wanted_) return end;
          ++done_;
        }
      }
      if (done_ > wanted_) return end;
    }
    return std::nullopt;
  }

 private:
  std::size_t LineEnd(std::size_t begin) const {
    std::size_t end = source_.find('\n', begin);
    if (end == source_.npos) end = source_.size();
    if (end > begin && source_[end - 1] == '\r') --end;
    return end;
  }

  // Blanks up to a line end: here a line break was folded.
  bool IsFoldNext() const {
    std::size_t i = at_;
    while (i < source_.size() && IsBlank(source_[i])) ++i;
    return i < source_.size() && (source_[i] == '\n' || source_[i] == '\r');
  }

  // One break is a blank, each further one a line end.
  bool Fold() {
    fold_at_ = at_;
    std::size_t breaks = 0;
    while (at_ < source_.size() &&
           (IsBlank(source_[at_]) || source_[at_] == '\n' || source_[at_] == '\r')) {
      if (source_[at_] == '\n') ++breaks;
      ++at_;
    }
    const std::size_t produced = breaks > 1 ? breaks - 1 : 1;
    const char made = breaks > 1 ? '\n' : ' ';
    for (std::size_t i = 0; i < produced; ++i, ++done_) {
      if (done_ >= text_.size() || text_[done_] != made) return false;
    }
    return true;
  }

  bool FlowByte(Style style) {
    if (at_ >= source_.size()) return false;
    fold_at_ = at_;
    if (style == Style::kSingleQuoted && source_.substr(at_, 2) == "''") {
      at_ += 2;
      return text_[done_++] == '\'';
    }
    if (style == Style::kDoubleQuoted && source_[at_] == '\\') return Escape();
    return source_[at_++] == text_[done_++];
  }

  bool Escape() {
    if (at_ + 1 >= source_.size()) return false;
    const char kind = source_[at_ + 1];
    if (kind == '\n' || kind == '\r') {  // an escaped line break makes nothing
      ++at_;
      while (at_ < source_.size() && (source_[at_] == '\n' || source_[at_] == '\r')) ++at_;
      while (at_ < source_.size() && IsBlank(source_[at_])) ++at_;
      return true;
    }
    at_ += 2 + (kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0);
    done_ += utf8::Decode(text_.substr(done_)).bytes;
    return done_ <= text_.size();
  }

  // The indent is what the first line with text has more than its decoded form.
  bool FindIndent() {
    std::size_t line = at_;
    while (line < source_.size() && source_.find_first_not_of(" ", line) == LineEnd(line)) {
      const std::size_t next = source_.find('\n', line);
      if (next == source_.npos) return false;
      line = next + 1;
    }
    const std::size_t in_source = source_.find_first_not_of(' ', line);
    const std::size_t first = text_.find_first_not_of('\n');
    if (in_source == source_.npos || first == text_.npos) return false;
    const std::size_t in_text = text_.find_first_not_of(' ', first);
    if (in_text == text_.npos || in_source - line < in_text - first) return false;
    indent_ = (in_source - line) - (in_text - first);
    return true;
  }

  // Lines of blanks no longer than the indent; their line ends stand in the text already (or are
  // folded away). At the front of the text they are counted here.
  bool SkipEmptyLines() {
    while (at_ < source_.size()) {
      const std::size_t end = LineEnd(at_);
      const std::size_t text_begin = source_.find_first_not_of(' ', at_);
      if ((text_begin != source_.npos && text_begin < end) || end - at_ > indent_) {
        started_ = true;
        return true;
      }
      const std::size_t next = source_.find('\n', at_);
      if (next == source_.npos) return false;
      if (!started_ && done_ < text_.size() && text_[done_] == '\n') ++done_;
      at_ = next + 1;
    }
    return false;
  }

  std::string_view source_;
  std::string_view text_;
  std::size_t at_;           // in the source
  std::size_t wanted_;       // in the text
  std::size_t done_ = 0;     // bytes of the text that were walked
  std::size_t fold_at_ = 0;  // where the last step began
  std::size_t indent_ = 0;
  bool started_ = false;
};

}  // namespace

std::size_t OffsetInSource(const SourceText& source, const Node& scalar, std::size_t text_offset) {
  const bool is_block = scalar.style == Style::kLiteral || scalar.style == Style::kFolded;
  if (!scalar.is_scalar() || text_offset > scalar.text.size()) return scalar.offset;
  Walk walk(source.text(), scalar, text_offset);
  const std::optional<std::size_t> found =
      is_block ? walk.Block(scalar.style) : walk.Flow(scalar.style);
  return found.value_or(scalar.offset);
}

}  // namespace insightd::rules::yaml
