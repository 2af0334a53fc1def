// Errors of system calls, as JavaScript will see them: with a `code` such as EADDRINUSE.
#pragma once

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace portolan {

class SystemError : public std::runtime_error {
 public:
  SystemError(const std::string& what, int error)
      : std::runtime_error(what + ": " + std::strerror(error)), code_(strerrorname_np(error) ? strerrorname_np(error) : "EUNKNOWN") {}
  const std::string& code() const { return code_; }

 private:
  std::string code_;
};

/// A file descriptor that is closed with its owner.
class OwnedFd {
 public:
  explicit OwnedFd(int fd = -1) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(other.Release()) {}
  OwnedFd& operator=(OwnedFd&&) = delete;
  ~OwnedFd();
  int Get() const { return fd_; }
  int Release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

}  // namespace portolan
