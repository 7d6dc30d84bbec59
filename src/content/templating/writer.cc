#include "content/templating/writer.h"

#include <fmt/core.h>

#include <cctype>

#include "content/template.h"

namespace insightd::content::templating {
namespace {

// "&#38;", "&lt;": its `&` stays.
bool IsEntity(std::string_view text) {
  std::size_t at = 1;
  if (text.substr(at).starts_with('#')) ++at;
  const std::size_t begin = at;
  while (at < text.size() &&
         (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_'))
    ++at;
  return at > begin && at < text.size() && text[at] == ';';
}

}  // namespace

void Writer::At(std::size_t offset, const std::string& tag) {
  if (!evaluator_.ok()) return;  // what failed stays to blame
  offset_ = offset;
  tag_ = &tag;
}

Value Writer::Evaluate(std::size_t offset, const std::string& tag, const Node& node) {
  At(offset, tag);
  return evaluator_.Evaluate(node);
}

void Writer::Write(const Parts& parts) {
  for (const Part& part : parts) {
    if (!evaluator_.Spend(1)) return;
    WritePart(part);
    if (out_.size() > kRenderedBytesMax) {
      evaluator_.Fail(fmt::format("the rendered text has more than {} bytes", kRenderedBytesMax));
    }
  }
}

void Writer::WritePart(const Part& part) {
  switch (part.kind) {
    case Part::Kind::kText: out_.AppendAuthor(part.text); break;
    case Part::Kind::kValue: WriteValue(part); break;
    case Part::Kind::kHtmlValue: WriteHtml(part); break;
    case Part::Kind::kIf: WriteIf(part); break;
    case Part::Kind::kEach: WriteEach(part); break;
    case Part::Kind::kForIn:
    case Part::Kind::kForOf: WriteKeys(part); break;
    case Part::Kind::kFor: WriteFor(part); break;
    case Part::Kind::kStatement:
      At(part.offset, part.tag);
      for (const Assignment& assignment : part.assignments) evaluator_.Assign(assignment);
      break;
  }
}

void Writer::WriteValue(const Part& part) {
  const Value value = Evaluate(part.offset, part.tag, part.expression);
  out_.Append(evaluator_.TextOf(value, true));
}

void Writer::WriteHtml(const Part& part) {
  const Value value = Evaluate(part.offset, part.tag, part.expression);
  if (!value.IsTrue()) return;
  const Text text = evaluator_.TextOf(value, true);
  const std::string_view raw = text.text;
  std::size_t at = 0;
  const auto put = [&](std::size_t end) {
    out_.Append({raw.substr(at, end - at), text.HasData(), nullptr});
    at = end;
  };
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i];
    const bool is_encoded = c == '<' || c == '>' || c == '"' || c == '\'' || c == '/' ||
                            (c == '&' && !IsEntity(raw.substr(i)));
    if (!is_encoded) continue;
    put(i);
    out_.AppendAuthor(fmt::format("&#{};", static_cast<int>(c)));
    at = i + 1;
  }
  put(raw.size());
}

void Writer::WriteIf(const Part& part) {
  for (const Branch& branch : part.branches) {
    const bool is_taken =
        !branch.has_test || Evaluate(branch.offset, branch.tag, branch.test).IsTrue();
    if (!evaluator_.ok()) return;
    if (is_taken) {
      Write(branch.body);
      return;
    }
  }
}

void Writer::WriteEach(const Part& part) {
  const Value list = Evaluate(part.offset, part.tag, part.expression);
  double index = 0;
  evaluator_.ForEach(list, [&](const Value& element) {
    At(part.offset, part.tag);
    evaluator_.Set(part.item_slot, element);
    if (part.index_slot != kNoSlot) evaluator_.Set(part.index_slot, Value::Number(index));
    ++index;
    Write(part.body);
    return evaluator_.Spend(1);
  });
}

void Writer::WriteKeys(const Part& part) {
  const Value object = Evaluate(part.offset, part.tag, part.expression);
  if (part.kind == Part::Kind::kForOf) {
    if (!object.IsAnyList() && object.kind() != Kind::kText) {
      evaluator_.Fail(fmt::format("`of` needs a list, not {}", KindName(object)));
      return;
    }
    evaluator_.ForEach(object, [&](const Value& element) {
      At(part.offset, part.tag);
      evaluator_.Set(part.item_slot, element);
      Write(part.body);
      return evaluator_.Spend(1);
    });
    return;
  }
  for (const std::string_view key : evaluator_.KeysOf(object)) {
    At(part.offset, part.tag);
    if (!evaluator_.Spend(1)) return;
    evaluator_.Set(part.item_slot, Value::Data(key));
    Write(part.body);
  }
}

void Writer::WriteFor(const Part& part) {
  At(part.offset, part.tag);
  for (const Assignment& assignment : part.assignments) evaluator_.Assign(assignment);
  while (evaluator_.Spend(1)) {
    At(part.offset, part.tag);
    if (part.has_test && !evaluator_.Evaluate(part.expression).IsTrue()) return;
    Write(part.body);
    At(part.offset, part.tag);
    for (const Assignment& assignment : part.steps) evaluator_.Assign(assignment);
  }
}

}  // namespace insightd::content::templating
