#include "results/payload_status.h"

#include "base/json_writer.h"

namespace insightd::results {
namespace {

// As Python prints a time without a zone: "2026-01-23T09:26:33.008376", no fraction when it is 0.
// As Go prints one: "2026-01-23T09:26:33.008Z", no zeros at the end of the fraction.
std::string DateText(Time date, StatusForm form) {
  std::string text = FormatTime(date);
  text.pop_back();  // Z
  const std::size_t fraction = text.find('.');
  if (fraction != text.npos) {
    const std::size_t last = text.find_last_not_of('0');
    if (last == fraction) {
      text.resize(fraction);
    } else if (form == StatusForm::kWriter) {
      text.resize(last + 1);
    }
  }
  return form == StatusForm::kWriter ? text + "Z" : text;
}

}  // namespace

std::string PrintPayloadStatus(const PayloadStatus& status, StatusForm form) {
  std::string out;
  json::JsonWriter w(out, form == StatusForm::kPipeline ? json::JsonWriter::Form::kSpaced
                                                        : json::JsonWriter::Form::kCompact);
  w.BeginObject().Key("service").String(status.service);
  w.Key("request_id").String(status.request_id).Key("status").String(status.status);
  w.Key("date").String(DateText(status.date, form));
  if (!status.org_id.empty()) w.Key("org_id").String(status.org_id);
  if (!status.account.empty()) w.Key("account").String(status.account);
  if (!status.message.empty()) w.Key("status_msg").String(status.message);
  w.EndObject();
  return out;
}

}  // namespace insightd::results
