#include "app/admin/letters.h"

#include <fmt/core.h>

#include <array>

#include "base/base64.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/utf8.h"
#include "upkeep/dead_letters.h"

namespace insightd::app {
namespace {

using json::JsonWriter;

constexpr std::array<std::string_view, 4> kVerbs = {"list", "show", "replay", "drop"};
constexpr milliseconds kReplayLimit{10'000};
// Letters read at once when all are meant.
constexpr std::size_t kPageLetters = 100;

std::string_view VerbName(LettersVerb verb) { return kVerbs[static_cast<std::size_t>(verb)]; }

void AppendError(std::string& out, std::int64_t id, const Error& error) {
  JsonWriter w(out);
  w.BeginObject();
  if (id > 0) w.Key("id").Int(id);
  w.Key("error").BeginObject().Key("code").String(CodeName(error.code()));
  w.Key("message").String(error.message()).EndObject().EndObject();
  out += '\n';
}

void AppendLetter(std::string& out, const store::DeadLetter& letter, bool whole) {
  JsonWriter w(out);
  w.BeginObject().Key("id").Int(letter.id).Key("topic").String(letter.topic);
  w.Key("partition").Int(letter.partition).Key("offset").Int(letter.offset);
  w.Key("produced").String(FormatTime(letter.produced));
  w.Key("stage").String(letter.stage).Key("code").String(letter.code);
  w.Key("reason").String(letter.reason).Key("tries").Int(letter.tries);
  w.Key("first_failed").String(FormatTime(letter.first_failed));
  w.Key("last_failed").String(FormatTime(letter.last_failed)).Key("build").String(letter.build);
  w.Key("request_id").String(letter.request_id).Key("org_id");
  if (letter.org_id) {
    w.String(std::to_string(*letter.org_id));
  } else {
    w.Null();
  }
  w.Key("cluster").String(letter.cluster).Key("archive").String(letter.archive);
  w.Key("value_bytes").Int(letter.value_bytes);
  if (whole) {
    w.Key("key").String(letter.key).Key("headers").BeginArray();
    for (const store::LetterHeader& header : letter.headers) {
      w.BeginObject().Key("name").String(header.name).Key("value");
      if (header.value) {
        w.String(*header.value);
      } else {
        w.Null();
      }
      w.EndObject();
    }
    w.EndArray();
    if (letter.no_value) {
      w.Key("value").Null();
    } else if (utf8::IsValid(letter.value)) {
      w.Key("value").String(letter.value);
    } else {
      w.Key("value_base64").String(EncodeBase64(letter.value));
    }
  }
  w.EndObject();
  out += '\n';
}

struct Asked {
  LettersVerb verb = LettersVerb::kList;
  std::vector<std::int64_t> ids;
  bool every = false;
  store::DeadLetterFilter filter;
};

Result<Asked> ParseQuestion(const std::string& question) {
  const Result<json::Document> document = json::Parse(question);
  if (!document) return Fail(Code::kInvalid, "a question that is no JSON");
  const json::Value root = document->root();
  Asked asked;
  const std::string_view verb = root["verb"].StringOr("");
  bool known = false;
  for (std::size_t i = 0; i < kVerbs.size(); ++i) {
    if (kVerbs[i] != verb) continue;
    asked.verb = static_cast<LettersVerb>(i);
    known = true;
  }
  if (!known) return Fail(Code::kInvalid, fmt::format("unknown question \"{}\"", verb));
  if (root["ids"].is_array()) {
    for (const json::Value id : root["ids"].elements()) {
      if (id.is_int()) asked.ids.push_back(id.AsInt());
    }
  }
  asked.every = root["every"].type() == json::Type::kBool && root["every"].AsBool();
  asked.filter.stage = root["stage"].StringOr("");
  asked.filter.code = root["code"].StringOr("");
  asked.filter.cluster = root["cluster"].StringOr("");
  asked.filter.request_id = root["request_id"].StringOr("");
  if (root["limit"].is_int() && root["limit"].AsInt() > 0) {
    asked.filter.letters_max = static_cast<std::size_t>(root["limit"].AsInt());
  }
  return asked;
}

std::string List(const Asked& asked, store::Store& store) {
  std::string out;
  const Result<std::vector<store::DeadLetter>> letters = store.ListDeadLetters(asked.filter);
  if (!letters) {
    AppendError(out, 0, letters.error());
    return out;
  }
  for (const store::DeadLetter& letter : *letters) AppendLetter(out, letter, false);
  return out;
}

void Change(LettersVerb verb, std::int64_t id, store::Store& store, const AskForBus& bus,
            std::string& out) {
  if (verb == LettersVerb::kDrop) {
    if (const Result<void> dropped = upkeep::DropDeadLetter(store, id); !dropped) {
      AppendError(out, id, dropped.error());
      return;
    }
    JsonWriter(out).BeginObject().Key("id").Int(id).Key("dropped").Bool(true).EndObject();
  } else {
    const Result<bus::Bus*> open = bus();
    const Result<bus::Position> position =
        open ? upkeep::ReplayDeadLetter(store, **open, id, kReplayLimit) : Fail(open.error());
    if (!position) {
      AppendError(out, id, position.error());
      return;
    }
    JsonWriter w(out);
    w.BeginObject().Key("id").Int(id).Key("topic").String(position->topic);
    w.Key("partition").Int(position->partition).Key("offset").Int(position->offset).EndObject();
  }
  out += '\n';
}

// Of all letters that are there now; those that come meanwhile are left alone.
std::string ChangeEvery(const Asked& asked, store::Store& store, const AskForBus& bus) {
  std::string out;
  std::vector<std::int64_t> ids;
  store::DeadLetterFilter filter = asked.filter;
  filter.letters_max = kPageLetters;
  while (true) {
    const Result<std::vector<store::DeadLetter>> letters = store.ListDeadLetters(filter);
    if (!letters) {
      AppendError(out, 0, letters.error());
      return out;
    }
    for (const store::DeadLetter& letter : *letters) ids.push_back(letter.id);
    if (letters->size() < kPageLetters) break;
    filter.after_id = ids.back();
  }
  for (const std::int64_t id : ids) Change(asked.verb, id, store, bus, out);
  return out;
}

}  // namespace

std::string LettersQuestion(LettersVerb verb, const DeadLettersArguments& arguments) {
  std::string out;
  JsonWriter w(out);
  w.BeginObject().Key("verb").String(VerbName(verb)).Key("ids").BeginArray();
  for (const std::int64_t id : arguments.ids) w.Int(id);
  w.EndArray().Key("every").Bool(arguments.every).Key("stage").String(arguments.stage);
  w.Key("code").String(arguments.code).Key("cluster").String(arguments.cluster);
  w.Key("request_id").String(arguments.request_id).Key("limit").Int(arguments.letters_max);
  w.EndObject();
  return out;
}

std::string AnswerLetters(const std::string& question, store::Store& store, const AskForBus& bus) {
  std::string out;
  const Result<Asked> asked = ParseQuestion(question);
  if (!asked) {
    AppendError(out, 0, asked.error());
    return out;
  }
  if (asked->verb == LettersVerb::kList) return List(*asked, store);
  if (asked->every) return ChangeEvery(*asked, store, bus);
  for (const std::int64_t id : asked->ids) {
    if (asked->verb != LettersVerb::kShow) {
      Change(asked->verb, id, store, bus, out);
      continue;
    }
    const Result<store::DeadLetter> letter = store.GetDeadLetter(id);
    if (letter) {
      AppendLetter(out, *letter, true);
    } else {
      AppendError(out, id, letter.error());
    }
  }
  return out;
}

}  // namespace insightd::app
