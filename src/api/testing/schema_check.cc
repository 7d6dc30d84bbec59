#include "api/testing/schema_check.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"

namespace insightd::api::testing {
namespace {

using json::Type;
using json::Value;

std::string_view TypeName(Value value) {
  switch (value.type()) {
    case Type::kNull: return "null";
    case Type::kBool: return "boolean";
    case Type::kInt: return "integer";
    case Type::kDouble: return "number";
    case Type::kString: return "string";
    case Type::kArray: return "array";
    case Type::kObject: return "object";
  }
  __builtin_unreachable();
}

class Checker {
 public:
  explicit Checker(Value document) : document_(document) {}

  void Check(Value schema, Value value, const std::string& at) {
    if (const Value reference = schema["$ref"]; reference.is_string()) {
      Check(Resolve(reference.AsString()), value, at);
      return;
    }
    if (const Value all = schema["allOf"]; all.is_array()) {
      for (const Value one : all.elements()) Check(one, value, at);
    }
    if (value.is_null() && schema["nullable"].type() == Type::kBool &&
        schema["nullable"].AsBool()) {
      return;
    }
    const std::string_view type = schema["type"].StringOr("");
    if (!type.empty() && type != TypeName(value)) {
      Wrong(at, fmt::format("is {} and not {}", TypeName(value), type));
      return;
    }
    if (const Value choices = schema["enum"]; choices.is_array()) CheckEnum(choices, value, at);
    if (value.is_object() && type == "object") CheckObject(schema, value, at);
    if (value.is_array() && schema["items"].is_object()) {
      int index = 0;
      for (const Value element : value.elements()) {
        Check(schema["items"], element, fmt::format("{}[{}]", at, index++));
      }
    }
    if (value.is_int()) CheckNumber(schema, value, at);
    if (value.is_string()) CheckFormat(schema["format"].StringOr(""), value.AsString(), at);
  }

  std::vector<std::string> mistakes;

 private:
  void Wrong(const std::string& at, const std::string& what) {
    mistakes.push_back(at + ": " + what);
  }

  Value Resolve(std::string_view reference) const {
    constexpr std::string_view kSchemas = "#/components/schemas/";
    INSIGHTD_ASSERT(reference.starts_with(kSchemas));
    const Value schema = document_["components"]["schemas"][reference.substr(kSchemas.size())];
    INSIGHTD_ASSERT(schema.is_object());
    return schema;
  }

  void CheckEnum(Value choices, Value value, const std::string& at) {
    for (const Value choice : choices.elements()) {
      if (choice.ToText() == value.ToText()) return;
    }
    Wrong(at, value.ToText() + " is none of the values");
  }

  void CheckObject(Value schema, Value value, const std::string& at) {
    if (value.HasDoubledNames()) Wrong(at, "has a name twice");
    if (const Value required = schema["required"]; required.is_array()) {
      for (const Value name : required.elements()) {
        if (!value.Find(name.AsString())) Wrong(at, fmt::format("lacks {}", name.AsString()));
      }
    }
    const Value additional = schema["additionalProperties"];
    const bool open = additional.type() == Type::kBool && additional.AsBool();
    for (const json::Member member : value.members()) {
      const std::string place = fmt::format("{}.{}", at, member.name);
      if (const auto property = schema["properties"].Find(member.name)) {
        Check(*property, member.value, place);
      } else if (additional.is_object()) {
        Check(additional, member.value, place);
      } else if (!open) {
        Wrong(place, "is not described");
      }
    }
  }

  void CheckNumber(Value schema, Value value, const std::string& at) {
    if (schema["minimum"].is_int() && value.AsInt() < schema["minimum"].AsInt()) {
      Wrong(at, value.ToText() + " is under the minimum");
    }
    if (schema["maximum"].is_int() && value.AsInt() > schema["maximum"].AsInt()) {
      Wrong(at, value.ToText() + " is over the maximum");
    }
  }

  void CheckFormat(std::string_view format, std::string_view text, const std::string& at) {
    if (format == "date-time" && !ParseTime(text)) Wrong(at, "is no RFC 3339 time");
    if (format == "uuid" && CanonicalUuid(text) != text) Wrong(at, "is no UUID in lower case");
  }

  Value document_;
};

}  // namespace

std::vector<std::string> CheckSchema(Value document, std::string_view schema_name, Value value) {
  Checker checker(document);
  const Value schema = document["components"]["schemas"][schema_name];
  INSIGHTD_ASSERT(schema.is_object());
  checker.Check(schema, value, std::string(schema_name));
  return std::move(checker.mistakes);
}

}  // namespace insightd::api::testing
