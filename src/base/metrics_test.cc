#include "base/metric_names.h"

#include <gtest/gtest.h>

namespace insightd::metrics {
namespace {

TEST(MetricsTest, OneNameAndLabelsIsOneSeries) {
  Registry registry;
  registry.MakeCounter(kUploads, {{"outcome", "accepted"}}).Add();
  registry.MakeCounter(kUploads, {{"outcome", "accepted"}}).Add(2);
  registry.MakeHistogram(kUploadBytes).Observe(5e4);
  int asked = 0;
  const Gauge lag = registry.MakeGauge(kBusBytes);
  registry.OnText([&] { lag.Set(++asked); });
  const std::string text = registry.Text();
  EXPECT_NE(text.find("insightd_uploads_total{outcome=\"accepted\"} 3"), std::string::npos) << text;
  EXPECT_NE(text.find("insightd_upload_bytes_bucket{le=\"100000\"} 1"), std::string::npos) << text;
  EXPECT_NE(text.find("insightd_bus_bytes 1"), std::string::npos) << text;
}

TEST(MetricsTest, AHandleThatWasNeverMadeCountsNothing) {
  Counter().Add();
  Gauge().Set(1);
  Histogram().Observe(1);
}

}  // namespace
}  // namespace insightd::metrics
