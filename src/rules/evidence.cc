#include "rules/evidence.h"

#include "base/json_writer.h"

namespace insightd::rules {
namespace {

void WritePlace(json::JsonWriter& w, const EvidencePlace& place) {
  w.BeginObject().Key("at").String(place.at);
  if (place.is_absent) {
    w.Key("absent").Bool(true);
  } else {
    w.Key("value").String(place.value);
  }
  w.EndObject();
}

}  // namespace

std::string EvidenceToJson(const Evidence& evidence) {
  std::string out;
  json::JsonWriter w(out);
  w.BeginObject().Key("files").BeginArray();
  for (const EvidenceFile& file : evidence.files) {
    w.BeginObject().Key("path").String(file.path).Key("places").BeginArray();
    for (const EvidencePlace& place : file.places) WritePlace(w, place);
    w.EndArray();
    if (file.more_places > 0) w.Key("more_places").Uint(file.more_places);
    w.EndObject();
  }
  w.EndArray();
  if (evidence.more_files > 0) w.Key("more_files").Uint(evidence.more_files);
  if (!evidence.looked_at.empty()) {
    w.Key("looked_at").BeginArray();
    for (const EvidenceInput& input : evidence.looked_at) {
      w.BeginObject().Key("input").String(input.name).Key("files").Uint(input.files);
      w.Key("paths").BeginArray();
      for (const std::string& path : input.paths) w.String(path);
      w.EndArray().EndObject();
    }
    w.EndArray();
  }
  if (!evidence.is_complete) w.Key("incomplete").Bool(true);
  w.EndObject();
  return out;
}

}  // namespace insightd::rules
