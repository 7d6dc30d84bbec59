#include "cel/value.h"

namespace insightd::cel {

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kNull: return "null_type";
    case Kind::kBool: return "bool";
    case Kind::kInt: return "int";
    case Kind::kUint: return "uint";
    case Kind::kDouble: return "double";
    case Kind::kString: return "string";
    case Kind::kBytes: return "bytes";
    case Kind::kList: return "list";
    case Kind::kMap: return "map";
    case Kind::kTimestamp: return "google.protobuf.Timestamp";
    case Kind::kDuration: return "google.protobuf.Duration";
    case Kind::kType: return "type";
    case Kind::kOptional: return "optional_type";
    case Kind::kOpaque: return "opaque";
    case Kind::kError: return "error";
  }
  __builtin_unreachable();
}

double Value::NumberOr(double fallback) const {
  switch (kind()) {
    case Kind::kInt: return static_cast<double>(AsInt());
    case Kind::kUint: return static_cast<double>(AsUint());
    case Kind::kDouble: return double_;
    default: return fallback;
  }
}

std::string ErrorInfo::Message() const {
  std::string message(text);
  if (!detail.is_null()) message += ToDebugText(detail);
  return message;
}

// --- Lists -------------------------------------------------------------------------------------

std::size_t ListSize(const Value& list) {
  switch (list.form()) {
    case Value::Form::kArray: return list.array_size();
    case Value::Form::kJson: return list.AsJson().size();
    default: return list.AsHostList()->size();
  }
}

Value ListAt(const Value& list, std::size_t index) {
  switch (list.form()) {
    case Value::Form::kArray: return list.AsArray()[index];
    case Value::Form::kJson: {
      const json::Value array = list.AsJson();
      json::Value at(array.tape(), array.index() + 1);
      for (; index > 0; --index) at = json::Value(at.tape(), at.NextIndex());
      return Value::FromJson(at);
    }
    default: return list.AsHostList()->At(index);
  }
}

ListCursor::ListCursor(const Value& list) : left_(ListSize(list)) {
  switch (list.form()) {
    case Value::Form::kArray: array_ = list.AsArray(); break;
    case Value::Form::kJson:
      json_ = json::Value(list.AsJson().tape(), list.AsJson().index() + 1);
      break;
    default: host_ = list.AsHostList(); break;
  }
}

void ListBuilder::Grow(std::size_t capacity) {
  Value* items = arena_.AllocateArray<Value>(capacity);
  if (size_ > 0) std::memcpy(static_cast<void*>(items), items_, size_ * sizeof(Value));
  items_ = items;
  capacity_ = static_cast<std::uint32_t>(capacity);
}

}  // namespace insightd::cel
