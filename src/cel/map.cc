// Looking up and iterating over the four forms of maps; building one.
#include <bit>

#include "cel/json_member.h"
#include "cel/value.h"

namespace insightd::cel {
namespace {

// Entries up to which a table is searched one by one.
constexpr std::uint32_t kUnindexedMax = 8;
// Members up to which doubled names are looked for with a table on the stack.
constexpr std::size_t kTabledMembersMax = 256;

// From the ends and the middle, where names of one length differ.
std::uint64_t HashName(std::string_view name) {
  constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15ULL;
  std::uint64_t first = 0;
  std::uint64_t middle = 0;
  std::uint64_t last = 0;
  if (name.size() >= 8) {
    std::memcpy(&first, name.data(), 8);
    std::memcpy(&middle, name.data() + (name.size() - 8) / 2, 8);
    std::memcpy(&last, name.data() + name.size() - 8, 8);
  } else if (!name.empty()) {
    std::memcpy(&first, name.data(), name.size());
  }
  std::uint64_t hash = (first ^ name.size()) * kFactor;
  hash = (hash ^ hash >> 29 ^ middle) * kFactor;
  hash = (hash ^ hash >> 29 ^ last) * kFactor;
  return hash ^ hash >> 32;
}

bool HasDoubledNames(json::Value object) {
  const std::size_t size = object.size();
  if (size < 2) return false;
  if (size > kTabledMembersMax) return object.HasDoubledNames();
  struct Name {
    const char* text;  // nullptr: nothing is here
    std::size_t size;
  };
  Name table[2 * kTabledMembersMax];  // only as much of it is touched as is needed
  const std::size_t mask = std::bit_ceil(2 * size) - 1;
  for (std::size_t i = 0; i <= mask; ++i) table[i].text = nullptr;
  for (const json::Member member : object.members()) {
    std::size_t at = HashName(member.name) & mask;
    for (; table[at].text != nullptr; at = (at + 1) & mask) {
      if (table[at].size == member.name.size() &&
          SameBytes(table[at].text, member.name.data(), table[at].size)) {
        return true;
      }
    }
    table[at] = {member.name.data(), member.name.size()};
  }
  return false;
}

const MapEntry* FindAdded(const Overlay& overlay, std::string_view name) {
  for (std::uint32_t i = 0; i < overlay.added_count; ++i) {
    if (overlay.added[i].key.AsString() == name) return &overlay.added[i];
  }
  return nullptr;
}

const MapEntry* FindInTable(const MapTable& table, const Value& key) {
  if (table.buckets == nullptr) {
    for (std::uint32_t i = 0; i < table.size; ++i) {
      if (Equals(table.entries[i].key, key)) return &table.entries[i];
    }
    return nullptr;
  }
  for (std::uint32_t b = static_cast<std::uint32_t>(Hash(key)) & table.bucket_mask;
       table.buckets[b] != 0; b = (b + 1) & table.bucket_mask) {
    const MapEntry& entry = table.entries[table.buckets[b] - 1];
    if (Equals(entry.key, key)) return &entry;
  }
  return nullptr;
}

}  // namespace

std::size_t MapSize(const Value& map) {
  switch (map.form()) {
    case Value::Form::kArray: return map.AsTable()->size;
    case Value::Form::kHost: return map.AsHostMap()->size();
    case Value::Form::kJson:
      if (!HasDoubledNames(map.AsJson())) return map.AsJson().size();
      [[fallthrough]];
    default: {
      MapCursor cursor(map);
      std::size_t size = 0;
      for (Value key, value; cursor.Next(key, value);) ++size;
      return size;
    }
  }
}

bool MapFind(const Value& map, std::string_view key, Value& found) {
  switch (map.form()) {
    case Value::Form::kJson: return FindJsonMember(map.AsJson(), key, found);
    case Value::Form::kOverlay: {
      const Overlay& overlay = *map.AsOverlay();
      if (const MapEntry* added = FindAdded(overlay, key)) {
        found = added->value;
        return true;
      }
      return overlay.object.is_object() && FindJsonMember(overlay.object, key, found);
    }
    case Value::Form::kHost: return map.AsHostMap()->Find(key, found);
    default: {
      const MapEntry* entry = FindInTable(*map.AsTable(), Value::String(key));
      if (entry == nullptr) return false;
      found = entry->value;
      return true;
    }
  }
}

bool MapFind(const Value& map, const Value& key, Value& found) {
  if (key.is_string()) return MapFind(map, key.AsString(), found);
  if (map.form() != Value::Form::kArray) return false;
  const MapEntry* entry = FindInTable(*map.AsTable(), key);
  if (entry == nullptr) return false;
  found = entry->value;
  return true;
}

// --- Iterating ---------------------------------------------------------------------------------

MapCursor::MapCursor(const Value& map) : map_(map) {
  switch (map.form()) {
    case Value::Form::kArray: end_ = map.AsTable()->size; return;
    case Value::Form::kHost: end_ = static_cast<std::uint32_t>(map.AsHostMap()->size()); return;
    case Value::Form::kOverlay:
      object_ = map.AsOverlay()->object;
      end_ = map.AsOverlay()->added_count;
      break;
    default: object_ = map.AsJson(); break;
  }
  doubled_ = object_.is_object() && HasDoubledNames(object_);
}

bool MapCursor::Next(Value& key, Value& value) {
  if (!in_object_ && at_ < end_) {
    const std::uint32_t at = at_++;
    switch (map_.form()) {
      case Value::Form::kArray:
        key = map_.AsTable()->entries[at].key;
        value = map_.AsTable()->entries[at].value;
        return true;
      case Value::Form::kHost:
        key = Value::String(map_.AsHostMap()->KeyAt(at));
        value = map_.AsHostMap()->ValueAt(at);
        return true;
      default:
        key = map_.AsOverlay()->added[at].key;
        value = map_.AsOverlay()->added[at].value;
        return true;
    }
  }
  if (!object_.is_object()) return false;
  if (!in_object_) {
    in_object_ = true;
    at_ = object_.index() + 1;
    end_ = object_.NextIndex() - 1;
  }
  return NextMember(key, value);
}

bool MapCursor::NextMember(Value& key, Value& value) {
  while (at_ < end_) {
    const json::Value name(object_.tape(), at_);
    const json::Value member(object_.tape(), at_ + 1);
    const std::uint32_t here = at_;
    at_ = member.NextIndex();
    const std::string_view text = name.AsString();
    if (map_.form() == Value::Form::kOverlay && FindAdded(*map_.AsOverlay(), text) != nullptr) {
      continue;
    }
    key = Value::String(text);
    if (!doubled_) {
      value = Value::FromJson(member);
      return true;
    }
    bool earlier = false;
    for (const json::Member other : object_.members()) {
      if (other.value.index() > here) break;
      earlier = earlier || other.name == text;
    }
    if (earlier) continue;
    FindJsonMember(object_, text, value);
    return true;
  }
  return false;
}

// --- Building ----------------------------------------------------------------------------------

void MapBuilder::Grow(std::size_t capacity) {
  MapEntry* entries = arena_.AllocateArray<MapEntry>(capacity);
  if (size_ > 0) std::memcpy(static_cast<void*>(entries), entries_, size_ * sizeof(MapEntry));
  entries_ = entries;
  capacity_ = static_cast<std::uint32_t>(capacity);
}

void MapBuilder::Index() {
  const std::uint32_t count = std::bit_ceil(capacity_ * 2);
  buckets_ = arena_.AllocateArray<std::uint32_t>(count);
  std::memset(buckets_, 0, count * sizeof(*buckets_));
  bucket_mask_ = count - 1;
  for (std::uint32_t i = 0; i < size_; ++i) {
    std::uint32_t b = static_cast<std::uint32_t>(Hash(entries_[i].key)) & bucket_mask_;
    while (buckets_[b] != 0) b = (b + 1) & bucket_mask_;
    buckets_[b] = i + 1;
  }
}

Value* MapBuilder::Find(const Value& key) {
  const MapTable table{entries_, buckets_, size_, bucket_mask_};
  const MapEntry* entry = FindInTable(table, key);
  return entry == nullptr ? nullptr : &entries_[entry - entries_].value;
}

void MapBuilder::Set(const Value& key, const Value& value) {
  if (Value* found = Find(key)) {
    *found = value;
  } else {
    Add(key, value);
  }
}

void MapBuilder::Add(const Value& key, const Value& value) {
  if (size_ == capacity_) {
    Grow(size_ < 4 ? 4 : 2 * std::size_t{size_});
    buckets_ = nullptr;
  }
  entries_[size_++] = {key, value};
  if (size_ <= kUnindexedMax) return;
  if (buckets_ == nullptr) {
    Index();
    return;
  }
  std::uint32_t b = static_cast<std::uint32_t>(Hash(key)) & bucket_mask_;
  while (buckets_[b] != 0) b = (b + 1) & bucket_mask_;
  buckets_[b] = size_;
}

Value MapBuilder::Finish() {
  return Value::MapOf(arena_.New<MapTable>(entries_, buckets_, size_, bucket_mask_));
}

}  // namespace insightd::cel
