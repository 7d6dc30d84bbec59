// The methods of texts, lists and numbers. None changes what it is called on.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "content/template.h"
#include "content/templating/evaluator.h"
#include "content/templating/known.h"
#include "content/templating/utf16.h"

namespace insightd::content::templating {

namespace {

constexpr std::size_t kFixedDigitsMax = 100;
constexpr std::size_t kNowhere = std::string_view::npos;

}  // namespace

// One call: what it is called on, and its arguments.
class Methods {
 public:
  Methods(Evaluator& evaluator, const Node& node, const Value& self)
      : evaluator_(evaluator), method_(node.method), self_(self) {
    const std::size_t first = TakesFunction(method_) && node.children.size() > 1 ? 2 : 1;
    if (first == 2) function_ = &node.children[1];
    for (std::size_t i = first; i < node.children.size(); ++i) {
      arguments_.push_back(evaluator_.Evaluate(node.children[i]));
    }
  }

  Value Run() {
    if (!evaluator_.ok()) return {};
    if (method_ == Method::kToString) return Value::Of(evaluator_.TextOf(self_, true));
    if (self_.kind() == Kind::kText && method_ < Method::kJoin) return OfText();
    if (self_.IsAnyList() && (method_ < Method::kToString || method_ >= Method::kJoin) &&
        method_ != Method::kToFixed) {
      return OfList();
    }
    if (self_.kind() == Kind::kNumber && method_ == Method::kToFixed) {
      const double digits = Integer(0, 0);
      if (digits < 0 || digits > static_cast<double>(kFixedDigitsMax)) {
        evaluator_.Fail(fmt::format("toFixed takes 0 to {} digits", kFixedDigitsMax));
        return {};
      }
      return evaluator_.KeepData(Fixed(self_.AsNumber(), static_cast<int>(digits)));
    }
    evaluator_.Fail(fmt::format("{} has no method \"{}\"", KindName(self_), NameOf(method_)));
    return {};
  }

 private:
  bool Has(std::size_t i) const {
    return i < arguments_.size() && arguments_[i].kind() != Kind::kUndefined;
  }
  Value Argument(std::size_t i) const { return i < arguments_.size() ? arguments_[i] : Value(); }
  Text ArgumentText(std::size_t i) { return evaluator_.TextOf(Argument(i), false); }
  // A whole number or an infinity; `fallback` when it is absent.
  double Integer(std::size_t i, double fallback) {
    if (!Has(i)) return fallback;
    const double number = std::trunc(evaluator_.NumberOf(arguments_[i]));
    return std::isnan(number) ? 0 : number;
  }
  // As an index from the front, or with a minus from the back, within 0 and `size`.
  std::size_t Relative(std::size_t i, std::size_t fallback, std::size_t size) {
    const auto whole = static_cast<double>(size);
    const double index = Integer(i, static_cast<double>(fallback));
    return static_cast<std::size_t>(std::clamp(index < 0 ? whole + index : index, 0.0, whole));
  }
  std::size_t Within(std::size_t i, std::size_t fallback, std::size_t size) {
    return static_cast<std::size_t>(
        std::clamp(Integer(i, static_cast<double>(fallback)), 0.0, static_cast<double>(size)));
  }

  Value OfText() {
    const Text& whole = self_.AsText();
    const std::string_view text = whole.text;
    const std::size_t length = utf16::Length(text);
    switch (method_) {
      case Method::kIndexOf: return Place(text.find(ArgumentText(0).text, From(text, length)));
      case Method::kLastIndexOf: return Place(text.rfind(ArgumentText(0).text));
      case Method::kIncludes:
        return Value::Bool(text.find(ArgumentText(0).text, From(text, length)) != text.npos);
      case Method::kStartsWith: return Value::Bool(text.starts_with(ArgumentText(0).text));
      case Method::kEndsWith: return Value::Bool(text.ends_with(ArgumentText(0).text));
      case Method::kToUpperCase: return WithCase('a', 'z', 'A' - 'a');
      case Method::kToLowerCase: return WithCase('A', 'Z', 'a' - 'A');
      case Method::kTrim: return Trimmed();
      case Method::kCharAt: {
        const double index = Integer(0, 0);
        if (index < 0 || index >= static_cast<double>(length)) return Value::Author("");
        return evaluator_.MemberOf(self_, std::to_string(static_cast<std::size_t>(index)));
      }
      case Method::kSlice: return Units(Relative(0, 0, length), Relative(1, length, length));
      case Method::kSubstring: {
        const std::size_t a = Within(0, 0, length);
        const std::size_t b = Within(1, length, length);
        return Units(std::min(a, b), std::max(a, b));
      }
      case Method::kSubstr: {
        const std::size_t from = Relative(0, 0, length);
        return Units(from, from + Within(1, length - from, length - from));
      }
      case Method::kSplit: return Split();
      case Method::kReplace: return Replaced(1);
      case Method::kReplaceAll: return Replaced(text.size() + 1);
      case Method::kConcat: {
        TextBuilder sum;
        sum.Append(whole);
        for (const Value& argument : arguments_) sum.Append(evaluator_.TextOf(argument, true));
        return Kept(std::move(sum));
      }
      default: return {};
    }
  }

  std::size_t From(std::string_view text, std::size_t length) {
    return utf16::ByteOf(text, Within(1, 0, length));
  }
  Value Place(std::size_t byte) const {
    if (byte == kNowhere) return Value::Number(-1);
    return Value::Number(static_cast<double>(utf16::UnitOf(self_.AsText().text, byte)));
  }
  Value PartOf(std::string_view part) const {
    return Value::Of({part, self_.AsText().HasData(), nullptr});
  }
  Value Units(std::size_t begin, std::size_t end) const {
    if (end <= begin) return Value::Author("");
    const std::string_view text = self_.AsText().text;
    const std::size_t first = utf16::ByteOf(text, begin);
    return PartOf(text.substr(first, utf16::ByteOf(text, end) - first));
  }
  Value Trimmed() const {
    const std::string_view text = self_.AsText().text;
    const std::size_t begin = text.find_first_not_of(" \t\n\v\f\r");
    if (begin == text.npos) return Value::Author("");
    return PartOf(text.substr(begin, text.find_last_not_of(" \t\n\v\f\r") + 1 - begin));
  }
  Value WithCase(char from, char to, int distance) {
    std::string text(self_.AsText().text);
    for (char& c : text) {
      if (c >= from && c <= to) c = static_cast<char>(c + distance);
    }
    const Value made = evaluator_.KeepData(std::move(text));
    return self_.AsText().HasData() ? made : Value::Author(made.AsText().text);
  }
  Value Kept(TextBuilder text) {
    return evaluator_.CheckSize(text.size()) ? evaluator_.Keep(std::move(text)) : Value();
  }

  Value Split() {
    const std::string_view text = self_.AsText().text;
    List parts;
    if (!Has(0)) {
      parts.push_back(self_);
      return evaluator_.Keep(std::move(parts));
    }
    const std::string_view separator = ArgumentText(0).text;
    if (separator.empty()) {
      evaluator_.ForEach(self_, [&](const Value& unit) {
        parts.push_back(unit);
        return evaluator_.Spend(1);
      });
      return evaluator_.Keep(std::move(parts));
    }
    std::size_t at = 0;
    std::size_t found = 0;
    while (evaluator_.Spend(1) && (found = text.find(separator, at)) != text.npos) {
      parts.push_back(PartOf(text.substr(at, found - at)));
      at = found + separator.size();
    }
    parts.push_back(PartOf(text.substr(at)));
    return evaluator_.Keep(std::move(parts));
  }

  // Without the patterns in the replacement (`$&`) that JavaScript knows.
  Value Replaced(std::size_t times_max) {
    const std::string_view text = self_.AsText().text;
    const std::string_view what = ArgumentText(0).text;
    const Text with = ArgumentText(1);
    TextBuilder out;
    std::size_t at = 0;
    for (std::size_t times = 0; times < times_max && evaluator_.Spend(1); ++times) {
      const std::size_t found = text.find(what, at);
      if (found == text.npos) break;
      out.Append({text.substr(at, found - at), self_.AsText().HasData(), nullptr});
      out.Append(with);
      if (!evaluator_.CheckSize(out.size())) return {};
      at = found + what.size();
      if (what.empty()) {
        if (at >= text.size()) break;
        const std::size_t next = utf16::ByteOf(text.substr(at), 1);
        out.Append({text.substr(at, next), self_.AsText().HasData(), nullptr});
        if (times_max > 1) {
          at += next;
          continue;
        }
        at += next;
      }
    }
    out.Append({text.substr(std::min(at, text.size())), self_.AsText().HasData(), nullptr});
    return Kept(std::move(out));
  }

  Value OfList() {
    switch (method_) {
      case Method::kIndexOf:
      case Method::kIncludes: return Search(false);
      case Method::kLastIndexOf: return Search(true);
      case Method::kJoin: {
        TextBuilder out;
        evaluator_.AppendJoined(out, self_, Has(0) ? ArgumentText(0) : Text{","}, true, 1);
        return Kept(std::move(out));
      }
      case Method::kSlice: {
        const List& list = evaluator_.ListOf(self_);
        const std::size_t begin = Relative(0, 0, list.size());
        const std::size_t end = std::max(begin, Relative(1, list.size(), list.size()));
        return evaluator_.Keep(List(list.begin() + static_cast<std::ptrdiff_t>(begin),
                                    list.begin() + static_cast<std::ptrdiff_t>(end)));
      }
      case Method::kConcat: {
        List all = evaluator_.ListOf(self_);
        for (const Value& argument : arguments_) {
          if (argument.IsAnyList()) {
            const List& more = evaluator_.ListOf(argument);
            evaluator_.Spend(more.size());
            all.insert(all.end(), more.begin(), more.end());
          } else {
            all.push_back(argument);
          }
        }
        return evaluator_.Keep(std::move(all));
      }
      case Method::kReverse: {
        List list = evaluator_.ListOf(self_);
        std::reverse(list.begin(), list.end());
        return evaluator_.Keep(std::move(list));
      }
      case Method::kSort: return Sorted();
      default: return WithFunction();
    }
  }

  Value Search(bool from_behind) {
    const Value wanted = Argument(0);
    double found = -1;
    double index = 0;
    evaluator_.ForEach(self_, [&](const Value& element) {
      bool is_same = Evaluator::StrictEquals(element, wanted);
      // `includes` alone finds what is not equal to itself.
      if (method_ == Method::kIncludes && wanted.kind() == Kind::kNumber &&
          element.kind() == Kind::kNumber && std::isnan(wanted.AsNumber())) {
        is_same = std::isnan(element.AsNumber());
      }
      if (is_same && (from_behind || found < 0)) found = index;
      ++index;
      return (found < 0 || from_behind) && evaluator_.ok();
    });
    return method_ == Method::kIncludes ? Value::Bool(found >= 0) : Value::Number(found);
  }

  Value WithFunction() {
    List made;
    double index = 0;
    double found = -1;
    Value found_value;
    evaluator_.ForEach(self_, [&](const Value& element) {
      const Value value = evaluator_.Call(*function_, element, Value::Number(index));
      if (method_ == Method::kMap) {
        made.push_back(value);
      } else if (method_ == Method::kFilter) {
        if (value.IsTrue()) made.push_back(element);
      } else if (value.IsTrue() != (method_ == Method::kEvery)) {
        found = index;
        found_value = element;
      }
      ++index;
      return found < 0 && evaluator_.ok();
    });
    switch (method_) {
      case Method::kMap:
      case Method::kFilter: return evaluator_.Keep(std::move(made));
      case Method::kSome: return Value::Bool(found >= 0);
      case Method::kEvery: return Value::Bool(found < 0);
      case Method::kFindIndex: return Value::Number(found);
      default: return found_value;
    }
  }

  bool IsBefore(const Value& a, const Value& b) {
    // What is undefined goes to the end without being compared.
    if (a.kind() == Kind::kUndefined || b.kind() == Kind::kUndefined) {
      return a.kind() != Kind::kUndefined;
    }
    if (function_ != nullptr) return evaluator_.NumberOf(evaluator_.Call(*function_, a, b)) < 0;
    evaluator_.Spend(1);
    return utf16::Compare(evaluator_.TextOf(a, false).text, evaluator_.TextOf(b, false).text) < 0;
  }

  // A merge sort of our own: the order is the template's, and need be none.
  Value Sorted() {
    List list = evaluator_.ListOf(self_);
    List other(list.size());
    for (std::size_t width = 1; width < list.size() && evaluator_.ok(); width *= 2) {
      for (std::size_t begin = 0; begin < list.size(); begin += 2 * width) {
        std::size_t left = begin;
        const std::size_t middle = std::min(begin + width, list.size());
        std::size_t right = middle;
        const std::size_t end = std::min(begin + 2 * width, list.size());
        for (std::size_t at = begin; at < end; ++at) {
          const bool takes_right = left == middle || (right < end && evaluator_.ok() &&
                                                      IsBefore(list[right], list[left]));
          other[at] = takes_right ? list[right++] : list[left++];
        }
      }
      std::swap(list, other);
    }
    return evaluator_.Keep(std::move(list));
  }

  Evaluator& evaluator_;
  const Method method_;
  const Value self_;
  const Node* function_ = nullptr;
  std::vector<Value> arguments_;
};

Value Evaluator::CallMethod(const Node& node, const Value& self) {
  return Methods(*this, node, self).Run();
}

}  // namespace insightd::content::templating
