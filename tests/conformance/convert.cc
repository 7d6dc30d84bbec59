#include "convert.h"

#include <cmath>
#include <cstdlib>
#include <limits>

namespace insightd::conformance {
namespace {

using cel::Arena;
using cel::Kind;
using cel::Type;
using cel::Value;

double ToDouble(const std::string& text) {
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  return std::strtod(text.c_str(), nullptr);  // knows "inf", "-infinity"
}

// google.protobuf.Struct, Value, ListValue, wrappers, Timestamp, Duration.
std::optional<Value> ToPlainValue(std::string_view type, const Message& message, Arena& arena) {
  if (type == "Timestamp" || type == "Duration") {
    const std::int64_t seconds = std::strtoll(message.Text("seconds", "0").c_str(), nullptr, 10);
    const std::int64_t nanos = std::strtoll(message.Text("nanos", "0").c_str(), nullptr, 10);
    const cel::Instant at{nanos < 0 ? seconds - 1 : seconds,
                          static_cast<std::uint32_t>(nanos < 0 ? nanos + 1'000'000'000 : nanos)};
    return type == "Timestamp" ? Value::Timestamp(at) : Value::Duration(at);
  }
  const std::string value = message.Text("value", "");
  if (type == "BoolValue") return Value::Bool(value == "true");
  if (type == "Int32Value" || type == "Int64Value") {
    return Value::Int(std::strtoll(value.c_str(), nullptr, 10));
  }
  if (type == "UInt32Value" || type == "UInt64Value") {
    return Value::Uint(std::strtoull(value.c_str(), nullptr, 10));
  }
  if (type == "DoubleValue" || type == "FloatValue") return Value::Double(ToDouble(value));
  if (type == "StringValue") return Value::String(arena.Copy(value));
  if (type == "BytesValue") return Value::Bytes(arena.Copy(value));
  if (type == "ListValue") {
    cel::ListBuilder list(arena);
    for (const Field* element : message.All("values")) {
      const auto converted = ToPlainValue("Value", element->message, arena);
      if (!converted) return std::nullopt;
      list.Add(*converted);
    }
    return list.Finish();
  }
  if (type == "Struct") {
    cel::MapBuilder map(arena);
    for (const Field* entry : message.All("fields")) {
      const Field* member = entry->message.Find("value");
      if (member == nullptr) return std::nullopt;
      const auto converted = ToPlainValue("Value", member->message, arena);
      if (!converted) return std::nullopt;
      map.Set(Value::String(arena.Copy(entry->message.Text("key"))), *converted);
    }
    return map.Finish();
  }
  if (type != "Value") return std::nullopt;
  if (message.fields.empty()) return Value::Null();
  const Field& field = message.fields[0];
  if (field.name == "null_value") return Value::Null();
  if (field.name == "bool_value") return Value::Bool(field.text == "true");
  if (field.name == "number_value") return Value::Double(ToDouble(field.text));
  if (field.name == "string_value") return Value::String(arena.Copy(field.text));
  if (field.name == "list_value") return ToPlainValue("ListValue", field.message, arena);
  if (field.name == "struct_value") return ToPlainValue("Struct", field.message, arena);
  return std::nullopt;
}

std::optional<Value> FromAny(const Message& any, Arena& arena) {
  if (any.fields.size() != 1 || !any.fields[0].is_message) return std::nullopt;
  constexpr std::string_view kPrefix = "[type.googleapis.com/google.protobuf.";
  std::string_view name = any.fields[0].name;
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(1);
  return ToPlainValue(name, any.fields[0].message, arena);
}

std::optional<Type> Primitive(std::string_view name) {
  if (name == "BOOL") return Type::Bool();
  if (name == "INT64") return Type::Int();
  if (name == "UINT64") return Type::Uint();
  if (name == "DOUBLE") return Type::Double();
  if (name == "STRING") return Type::String();
  if (name == "BYTES") return Type::Bytes();
  return std::nullopt;
}

std::optional<Type> Parameter(const Message& type, std::string_view name) {
  const Field* field = type.Find(name);
  return field == nullptr ? Type::Dyn() : ToType(field->message);
}

}  // namespace

std::optional<Value> ToValue(const Message& value, Arena& arena) {
  if (value.fields.size() != 1) return std::nullopt;
  const Field& field = value.fields[0];
  const std::string& name = field.name;
  const std::string& text = field.text;
  if (name == "null_value") return Value::Null();
  if (name == "bool_value") return Value::Bool(text == "true");
  if (name == "int64_value") return Value::Int(std::strtoll(text.c_str(), nullptr, 0));
  if (name == "uint64_value") return Value::Uint(std::strtoull(text.c_str(), nullptr, 0));
  if (name == "double_value") return Value::Double(ToDouble(text));
  if (name == "string_value") return Value::String(arena.Copy(text));
  if (name == "bytes_value") return Value::Bytes(arena.Copy(text));
  if (name == "type_value") return Value::TypeName(arena.Copy(text));
  if (name == "object_value") return FromAny(field.message, arena);
  if (name == "list_value") {
    cel::ListBuilder list(arena);
    for (const Field* element : field.message.All("values")) {
      const auto converted = ToValue(element->message, arena);
      if (!converted) return std::nullopt;
      list.Add(*converted);
    }
    return list.Finish();
  }
  if (name == "map_value") {
    cel::MapBuilder map(arena);
    for (const Field* entry : field.message.All("entries")) {
      const Field* key = entry->message.Find("key");
      const Field* member = entry->message.Find("value");
      if (key == nullptr || member == nullptr) return std::nullopt;
      const auto key_value = ToValue(key->message, arena);
      const auto member_value = ToValue(member->message, arena);
      if (!key_value || !member_value) return std::nullopt;
      map.Set(*key_value, *member_value);
    }
    return map.Finish();
  }
  return std::nullopt;
}

std::optional<Type> ToType(const Message& type) {
  if (type.fields.size() != 1) return std::nullopt;
  const Field& field = type.fields[0];
  if (field.name == "dyn") return Type::Dyn();
  if (field.name == "null") return Type::Null();
  if (field.name == "primitive") return Primitive(field.text);
  if (field.name == "type_param") return Type::Param(field.text);
  if (field.name == "well_known") {
    if (field.text == "TIMESTAMP") return Type::Timestamp();
    if (field.text == "DURATION") return Type::Duration();
    return std::nullopt;
  }
  if (field.name == "message_type") {
    if (field.text == "google.protobuf.Timestamp") return Type::Timestamp();
    if (field.text == "google.protobuf.Duration") return Type::Duration();
    return std::nullopt;
  }
  if (field.name == "list_type") {
    const auto element = Parameter(field.message, "elem_type");
    if (!element) return std::nullopt;
    return Type::List(*element);
  }
  if (field.name == "map_type") {
    const auto key = Parameter(field.message, "key_type");
    const auto value = Parameter(field.message, "value_type");
    if (!key || !value) return std::nullopt;
    return Type::Map(*key, *value);
  }
  if (field.name == "type") {
    const auto inner = field.message.fields.empty() ? Type::Dyn() : ToType(field.message);
    if (!inner) return std::nullopt;
    return Type::TypeOf(*inner);
  }
  if (field.name == "abstract_type") {
    std::vector<Type> params;
    for (const Field* param : field.message.All("parameter_types")) {
      const auto converted = ToType(param->message);
      if (!converted) return std::nullopt;
      params.push_back(*converted);
    }
    const std::string name = field.message.Text("name");
    if (name == "optional_type") return Type::Optional(params.empty() ? Type::Dyn() : params[0]);
    return Type::Opaque(name, std::move(params));
  }
  return std::nullopt;
}

bool SameValue(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kDouble:
      return a.AsDouble() == b.AsDouble() || (std::isnan(a.AsDouble()) && std::isnan(b.AsDouble()));
    case Kind::kList: {
      if (cel::ListSize(a) != cel::ListSize(b)) return false;
      cel::ListCursor left(a);
      cel::ListCursor right(b);
      for (Value x, y; left.Next(x) && right.Next(y);) {
        if (!SameValue(x, y)) return false;
      }
      return true;
    }
    case Kind::kMap: {
      if (cel::MapSize(a) != cel::MapSize(b)) return false;
      cel::MapCursor cursor(a);
      for (Value key, value, other; cursor.Next(key, value);) {
        if (!cel::MapFind(b, key, other) || !SameValue(value, other)) return false;
      }
      return true;
    }
    default: return cel::Equals(a, b);
  }
}

}  // namespace insightd::conformance
