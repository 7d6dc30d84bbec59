// Keeps reports on archives that were copied, each as an object beside its archive: rules results
// in, nothing out. In the place of the hosted pipeline's rules-uploader.
//
// The newest report of an archive replaces the one before: the store has to be one that overwrites.
#pragma once

#include <string>
#include <string_view>

#include "pipeline/handler.h"

namespace insightd::pipeline {

// "archives/compressed/aa/ID/202101/20/031044.tar.gz":
// "insights/aa/ID/202101/20/031044/insights.json".
std::string ReportPath(std::string_view archive_path);

// See key_pattern.h; names: report_path, cluster_id.
struct KeepSettings {
  std::string prefix;
  std::string pattern = "$report_path";
};

Result<void> CheckKeepSettings(const KeepSettings& settings);

MakeHandler MakeReportKeepers(KeepSettings settings);

}  // namespace insightd::pipeline
