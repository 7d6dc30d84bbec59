// Named points (crash_point.h) around the calls by which a role hands its work to Kafka, S3 and
// PostgreSQL: "rd_kafka_produceva" (a record), "rd_kafka_offsets_store" (done up to here),
// "curl_multi_add_handle" (a request to S3), "PQsendQueryPrepared" and "PQgetResult" (a statement
// and its answer). "after" a call that sends means handed over, not arrived.
#include <curl/curl.h>
#include <dlfcn.h>
#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>

#include "crash_point.h"

namespace {

// Calls the function of that name that stands behind this library, between its two points.
template <class Function, class... Arguments>
auto Between(const char* name, Arguments... arguments) {
  auto* const real = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
  crash::Reached("before", name);
  const auto result = real(arguments...);
  crash::Reached("after", name);
  return result;
}

}  // namespace

extern "C" {

rd_kafka_error_t* rd_kafka_produceva(rd_kafka_t* client, const rd_kafka_vu_t* parts, size_t count) {
  return Between<decltype(rd_kafka_produceva)>("rd_kafka_produceva", client, parts, count);
}
rd_kafka_resp_err_t rd_kafka_offsets_store(rd_kafka_t* client,
                                           rd_kafka_topic_partition_list_t* offsets) {
  return Between<decltype(rd_kafka_offsets_store)>("rd_kafka_offsets_store", client, offsets);
}
CURLMcode curl_multi_add_handle(CURLM* multi, CURL* easy) {
  return Between<decltype(curl_multi_add_handle)>("curl_multi_add_handle", multi, easy);
}
int PQsendQueryPrepared(PGconn* connection, const char* statement, int count,
                        const char* const* values, const int* lengths, const int* formats,
                        int result_format) {
  return Between<decltype(PQsendQueryPrepared)>("PQsendQueryPrepared", connection, statement, count,
                                                values, lengths, formats, result_format);
}
PGresult* PQgetResult(PGconn* connection) {
  return Between<decltype(PQgetResult)>("PQgetResult", connection);
}

}  // extern "C"
