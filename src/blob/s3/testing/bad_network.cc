#include "blob/s3/testing/bad_network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/result.h"

namespace insightd::blob::testing {

BadNetwork::BadNetwork(const std::string& endpoint) {
  const std::string target = endpoint.substr(endpoint.find("://") + 3);
  int ends[2];
  INSIGHTD_ASSERT(pipe(ends) == 0);
  process_ = fork();
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(ends[1], 1);
    close(ends[0]);
    const std::string script = INSIGHTD_SOURCE_DIR "/tools/servers/proxy.py";
    execlp("python3", "python3", script.c_str(), "--to", target.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  std::FILE* told = fdopen(ends[0], "r");
  int port = 0;
  int control_port = 0;
  INSIGHTD_ASSERT(std::fscanf(told, "listens on %d, control on %d", &port, &control_port) == 2);
  std::fclose(told);
  endpoint_ = "http://127.0.0.1:" + std::to_string(port);
  control_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(control_port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  INSIGHTD_ASSERT(connect(control_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
                  0);
}

BadNetwork::~BadNetwork() {
  close(control_);
  kill(process_, SIGTERM);
  waitpid(process_, nullptr, 0);
}

void BadNetwork::Set(const std::string& mode) {
  const std::string line = mode + "\n";
  INSIGHTD_ASSERT(write(control_, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  char answer[64];
  const ssize_t got = read(control_, answer, sizeof(answer));
  INSIGHTD_ASSERT(got >= 3 && std::string_view(answer, 3) == "ok\n");
}

}  // namespace insightd::blob::testing
