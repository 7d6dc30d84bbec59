#include "ingress/settings.h"

namespace insightd::ingress {

void Settings::AddTo(settings::Table& table) {
  table.Add("ingress.body_bytes_max", &body_bytes_max, {.min = 1024},
            "Largest archive in bytes; a larger one is answered 413.");
  table.Add("ingress.uploads_max", &uploads_max, {.min = 1},
            "Uploads taken in at once; further ones are answered 503.");
  table.Add("ingress.services", &services, {},
            "Services whose content types (application/vnd.redhat.SERVICE.CATEGORY) are taken.");
  table.Add("ingress.announce_topic", &announce_topic, {},
            "Topic that tells of each archive that has come.");
  table.Add("ingress.url_validity_s", &url_validity_s, {.min = 60, .max = 604'800},
            "How long the signed URL in the announcement is good for others.");
}

}  // namespace insightd::ingress
