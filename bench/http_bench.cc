// Answers a second over loopback: a static answer of 8 KiB as the floor, a cluster's report beside
// it. One thread answers, this one asks over `kConnections` connections at once.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "api/public_api.h"
#include "api/testing/fleet.h"
#include "base/result.h"
#include "http/server.h"

namespace {

using namespace insightd;  // NOLINT: a program of one file

constexpr int kConnections = 64;
const std::string kStatic(8 * 1024, 'x');

// The server and its answers, started once.
class Served {
 public:
  static Served& Get() {
    static Served served;
    return served;
  }
  std::uint16_t port() const { return port_; }

 private:
  Served() {
    router_.Add(http::Method::kGet, "/static", [](const http::Request&) {
      http::Response response = http::JsonResponse(200, "");
      response.static_body = kStatic;
      return response;
    });
    api::RegisterPublicApi(router_,
                           {.store = fleet_.store(),
                            .catalogue = catalogue_,
                            .identity = http::IdentityGate::Make({}).value()},
                           {}, {.version = "1", .commit = "1"});
    server_ = http::Server::Create({.threads = 1});
    port_ =
        server_
            ->Listen(
                {.setting = "bench", .address = "127.0.0.1:0", .router = &router_, .tls = nullptr})
            .value();
    server_->Run();
  }

  api::testing::Fleet fleet_;
  content::CurrentCatalogue catalogue_{api::testing::MakeCatalogue()};
  http::Router router_;
  std::unique_ptr<http::Server> server_;
  std::uint16_t port_ = 0;
};

int Connect(std::uint16_t port) {
  const int connection = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  INSIGHTD_ASSERT(::connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)) ==
                  0);
  return connection;
}

// Takes one answer off the connection.
void ReadAnswer(int connection, std::string& buffer) {
  constexpr std::string_view kLength = "Content-Length: ";
  buffer.clear();
  std::size_t wanted = SIZE_MAX;
  char chunk[16384];
  while (buffer.size() < wanted) {
    const ssize_t got = ::recv(connection, chunk, sizeof(chunk), 0);
    INSIGHTD_ASSERT(got > 0);
    buffer.append(chunk, static_cast<std::size_t>(got));
    const std::size_t end = buffer.find("\r\n\r\n");
    if (wanted != SIZE_MAX || end == std::string::npos) continue;
    INSIGHTD_ASSERT(buffer.starts_with("HTTP/1.1 200"));
    wanted =
        end + 4 + std::strtoul(buffer.c_str() + buffer.find(kLength) + kLength.size(), nullptr, 10);
  }
}

void Ask(benchmark::State& state, const std::string& path) {
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
  std::vector<int> connections;
  for (int i = 0; i < kConnections; ++i) connections.push_back(Connect(Served::Get().port()));
  std::string buffer;
  for (auto _ : state) {
    for (const int connection : connections) {
      INSIGHTD_ASSERT(::send(connection, request.data(), request.size(), 0) ==
                      static_cast<ssize_t>(request.size()));
    }
    for (const int connection : connections) ReadAnswer(connection, buffer);
  }
  state.SetItemsProcessed(state.iterations() * kConnections);
  for (const int connection : connections) ::close(connection);
}

void StaticAnswer(benchmark::State& state) { Ask(state, "/static"); }
void ClusterReport(benchmark::State& state) {
  Ask(state, "/api/v2/cluster/" + api::testing::kFirst + "/reports");
}

BENCHMARK(StaticAnswer)->UseRealTime();
BENCHMARK(ClusterReport)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
