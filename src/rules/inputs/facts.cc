#include "rules/inputs/facts.h"

#include <fmt/core.h>

#include "base/utf8.h"
#include "rules/inputs/lines.h"
#include "rules/inputs/metrics.h"
#include "rules/inputs/yaml_document.h"

namespace insightd::rules {
namespace {

using cel::Value;

// The last part of a path without its extension.
std::string_view NameOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash != path.npos) path.remove_prefix(slash + 1);
  const std::size_t dot = path.rfind('.');
  return dot == path.npos || dot == 0 ? path : path.substr(0, dot);
}

std::string_view Stripped(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

bool IsDocument(ParseAs as) { return as == ParseAs::kJson || as == ParseAs::kYaml; }

// Which of a file's two documents.
std::size_t KindOf(ParseAs as) { return as == ParseAs::kYaml ? 1 : 0; }

}  // namespace

void Facts::Begin(archive::FileTree& tree, cel::Arena& arena, json::Parser& parser) {
  tree_ = &tree;
  arena_ = &arena;
  parser_ = &parser;
  files_.assign(tree.members().size(), {});
  found_.resize(pack_.inputs.size());
  for (Found& found : found_) {
    found.members.clear();
    found.is_made = false;
  }
  documents_.clear();
  document_members_.clear();
  texts_.clear();
  documents_bytes_ = 0;
  notes_.clear();
  notes_total_ = 0;
  FindMembers();
}

void Facts::End() {
  documents_.clear();
  documents_.shrink_to_fit();
  tree_ = nullptr;
}

void Facts::FindMembers() {
  std::vector<std::uint32_t> ids;
  const std::span<const archive::Member> members = tree_->members();
  for (std::uint32_t member = 0; member < members.size(); ++member) {
    pack_.patterns.Match(members[member].name, ids);
    for (const std::uint32_t id : ids) {
      const Pack::PatternTarget target = pack_.pattern_targets[id];
      const Input& input = pack_.inputs[target.input];
      Found& found = found_[target.input];
      if (input.many) {
        // Members come in the order of their names, so each list is in order too.
        if (!found.members.empty() && found.members.back() == member) continue;
        found.members.push_back(member);
      } else if (found.members.empty() || target.path < found.path_rank) {
        found.members.assign(1, member);
        found.path_rank = target.path;
      } else {
        continue;
      }
      if (IsDocument(input.as)) {
        files_[member].is_used[KindOf(input.as)] = true;
      } else {
        ++files_[member].uses_text;
      }
    }
  }
}

Value Facts::ValueOf(std::uint32_t input) {
  Found& found = found_[input];
  if (!found.is_made) {
    found.value = Make(pack_.inputs[input], found);
    found.is_made = true;
  }
  return found.value;
}

bool Facts::IsPresent(std::uint32_t input) {
  if (found_[input].members.empty()) return false;
  const Value value = ValueOf(input);
  return pack_.inputs[input].many ? cel::ListSize(value) > 0 : !value.is_null();
}

Value Facts::Make(const Input& input, Found& found) {
  if (!input.many) {
    return found.members.empty() ? Value::Null() : MakeOne(input, found.members.front());
  }
  cel::ListBuilder list(*arena_, found.members.size());
  for (const std::uint32_t member : found.members) {
    const Value value = MakeOne(input, member);
    if (!value.is_null()) list.Add(value);
  }
  return list.Finish();
}

Value Facts::MakeOne(const Input& input, std::uint32_t index) {
  const archive::Member& member = tree_->members()[index];
  switch (input.as) {
    case ParseAs::kJson:
    case ParseAs::kYaml: return Document(index, input.as);
    case ParseAs::kLines:
      return Value::MapOf(new (arena_->Allocate(sizeof(LinesFile)))
                              LinesFile(member.name, NameOf(member.name), TextOf(index), *arena_));
    case ParseAs::kMetrics: return ReadMetrics(TextOf(index), *arena_);
    case ParseAs::kText: break;
  }
  const Value text = Value::String(Stripped(TextOf(index)));
  if (!input.many) return text;
  cel::MapBuilder file(*arena_, 3);
  file.Add(Value::String("_path"), Value::String(member.name));
  file.Add(Value::String("_name"), Value::String(NameOf(member.name)));
  file.Add(Value::String("text"), text);
  return file.Finish();
}

Value Facts::Document(std::uint32_t index, ParseAs as) {
  File& file = files_[index];
  const std::size_t kind = KindOf(as);
  const std::size_t other = 1 - kind;
  if (file.is_parsed[kind]) return file.document[kind];
  const archive::Member& member = tree_->members()[index];
  file.document[kind] = ParseDocument(index, as);
  file.is_parsed[kind] = true;
  const bool is_done = !file.is_used[other] || file.is_parsed[other];
  if (file.uses_text == 0 && is_done) tree_->Release(member);
  return file.document[kind];
}

Value Facts::ParseDocument(std::uint32_t index, ParseAs as) {
  const archive::Member& member = tree_->members()[index];
  const auto fail = [&](const Error& error) {
    Note(member, member.bytes.empty() ? "the file is empty" : error.message());
    return Value::Null();
  };
  constexpr std::uint32_t kAdded = 2;
  auto* added = arena_->AllocateArray<cel::MapEntry>(kAdded);
  added[0] = {Value::String("_path"), Value::String(member.name)};
  added[1] = {Value::String("_name"), Value::String(NameOf(member.name))};
  Value document;
  if (as == ParseAs::kYaml) {
    Result<Value> parsed = ReadYaml(member.name, member.bytes, {added, kAdded}, *arena_);
    if (!parsed) return fail(parsed.error());
    document = *parsed;
  } else {
    Result<json::Document> parsed = ParseJson(member);
    if (!parsed) return fail(parsed.error());
    const json::Value root = parsed->root();
    document = Value::FromJson(root);
    if (root.is_object()) {
      document = Value::MapOf(arena_->New<cel::Overlay>(root, added, kAdded));
    }
    documents_.push_back(std::move(*parsed));
    document_members_.push_back(index);
  }
  if (document.is_null()) Note(member, "the document is null");
  return document;
}

Result<json::Document> Facts::ParseJson(const archive::Member& member) {
  if (member.bytes.size() > limits_.document_bytes_max) {
    return Fail(Code::kTooLarge, fmt::format("{} bytes, more than {} that a document may have",
                                             member.bytes.size(), limits_.document_bytes_max));
  }
  Result<json::Document> parsed = parser_->ParsePadded(member.bytes);
  if (!parsed) return parsed;
  if (documents_bytes_ + parsed->bytes() > limits_.documents_bytes_max) {
    return Fail(Code::kTooLarge,
                fmt::format("the documents of this archive take more than {} bytes once parsed",
                            limits_.documents_bytes_max));
  }
  documents_bytes_ += parsed->bytes();
  return parsed;
}

std::string_view Facts::TextOf(std::uint32_t index) {
  const archive::Member& member = tree_->members()[index];
  std::string_view text = member.bytes;
  if (!utf8::IsValid(text)) {
    constexpr std::size_t kGrowthMax = 3;  // U+FFFD for a byte
    if (!arena_->CanTake(kGrowthMax * text.size())) {
      Note(member, "too large a text for one with bytes that are no UTF-8");
      return {};
    }
    text = arena_->Copy(utf8::Repaired(text));
  }
  texts_.push_back({index, text});
  return text;
}

void Facts::Note(const archive::Member& member, std::string reason) {
  ++notes_total_;
  if (notes_.size() < kFileNotesMax)
    notes_.push_back({std::string(member.name), std::move(reason)});
}

}  // namespace insightd::rules
