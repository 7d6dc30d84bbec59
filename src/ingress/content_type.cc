#include "ingress/content_type.h"

#include <array>

#include "base/text.h"

namespace insightd::ingress {
namespace {

constexpr std::string_view kVendor = "application/vnd.redhat.";
constexpr std::array<std::string_view, 4> kPlainTypes = {
    "application/gzip", "application/x-gzip", "application/x-compressed-tar", "application/x-tgz"};
// A type without `application/vnd.redhat.` is of the service that archives of clusters are for.
constexpr std::string_view kPlainService = "openshift";
constexpr std::string_view kPlainCategory = "upload";

// Takes a name of small letters, digits and dashes off the front.
std::string_view TakeName(std::string_view& text) {
  const std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-");
  const std::string_view name = text.substr(0, end);
  text.remove_prefix(name.size());
  return name;
}

}  // namespace

std::optional<UploadType> ParseUploadType(std::string_view content_type) {
  if (content_type.starts_with(kVendor)) {
    std::string_view rest = content_type.substr(kVendor.size());
    const std::string_view service = TakeName(rest);
    if (service.empty() || !rest.starts_with('.')) return std::nullopt;
    rest.remove_prefix(1);
    const std::string_view category = TakeName(rest);
    if (category.empty()) return std::nullopt;
    return UploadType{std::string(service), std::string(category), /*plain=*/false};
  }
  const std::string_view type = Stripped(content_type.substr(0, content_type.find(';')));
  for (const std::string_view plain : kPlainTypes) {
    if (type == plain) {
      return UploadType{std::string(kPlainService), std::string(kPlainCategory), /*plain=*/true};
    }
  }
  return std::nullopt;
}

}  // namespace insightd::ingress
