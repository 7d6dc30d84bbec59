#include "app/commands/maintenance_settings.h"

namespace insightd::app {

void CleanSettings::AddTo(settings::Table& table) {
  table.Add(
      "clean.max_age", &max_age, {},
      "How old a cluster's newest result may be before `insightd clean` deletes what there is "
      "of the cluster: \"90 days\", \"6 months\".");
}

void ExportSettings::AddTo(settings::Table& table) {
  table.Add(
      "export.s3_bucket", &s3_bucket, {},
      "Bucket that `insightd export s3` writes to; empty: that of blob.s3_bucket. Address and "
      "keys are those of blob.s3_….");
  table.Add("export.s3_prefix", &s3_prefix, {},
            "What the names of its objects begin with, before a slash; empty: nothing.");
}

}  // namespace insightd::app
