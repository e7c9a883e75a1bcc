using OtpActors.Api;
using OtpActors.Client;
using OtpActors.Infrastructure.Storage;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Client;

/// <summary>Which service is called, and with which key.</summary>
public sealed class ServiceTargetSpecs : IDisposable
{
    private const string Key = "otp_canary";

    private readonly TempDirectory _at = new();
    private readonly Dictionary<string, string> _environment = [];

    public void Dispose() => _at.Dispose();

    [Fact]
    public void The_service_that_is_named_goes_before_that_of_the_environment_and_that_before_the_data_directorys()
    {
        Should.Throw<ServiceException>(() => Resolve()).ShouldSatisfyAllConditions(
            none => none.Fault.ShouldBe(ServiceFault.Absent), none => none.Message.ShouldStartWith($"No service runs on {_at.Path}. Start one with"));

        new ServiceFile("http://127.0.0.1:1", Key, 42).Write(_at.Path);
        Resolve().ShouldSatisfyAllConditions(
            found => found.ToString().ShouldBe("http://127.0.0.1:1"), found => found.Key.ShouldBe(Key), found => found.DataRoot.ShouldBe(_at.Path));
        _environment[ServiceTarget.ServerVariable] = "http://127.0.0.1:2";
        Resolve().ShouldSatisfyAllConditions(named => named.ToString().ShouldBe("http://127.0.0.1:2"), named => named.Key.ShouldBeNull());
        Resolve("https://otp.example.com/below").Url.ShouldBe(new Uri("https://otp.example.com/below/"));
    }

    [Fact]
    public void A_key_comes_from_a_file_or_from_the_environment()
    {
        const string server = "http://127.0.0.1:2";
        var (file, other) = (Write("key", $"{Key}\n"), Write("other", "otp_other"));
        Resolve(server).Key.ShouldBeNull();
        _environment[ServiceTarget.KeyFileVariable] = other;
        Resolve(server).Key.ShouldBe("otp_other");
        _environment[ServiceTarget.KeyVariable] = "otp_own";
        Resolve(server).Key.ShouldBe("otp_own");
        Resolve(server, file).Key.ShouldBe(Key);

        new ServiceFile("http://127.0.0.1:1", "otp_local", 42).Write(_at.Path);
        Resolve(keyFile: file).Key.ShouldBe(Key); // to be that caller
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    [InlineData("canary and more")]
    [InlineData("canary\ncanary")]
    [InlineData("cänary")]
    public void What_is_no_key_is_refused_and_not_repeated(string text)
    {
        var file = Write("key", text);
        var fault = Should.Throw<FormatException>(() => Resolve("http://127.0.0.1:2", file)).Message;
        fault.ShouldBe($"--api-key-file: {file} must hold a key: one word of visible ASCII characters");
        _environment[ServiceTarget.KeyFileVariable] = _at.File("none");
        Should.Throw<FormatException>(() => Resolve("http://127.0.0.1:2")).Message.ShouldStartWith($"OTPACTORS_API_KEY_FILE: {_at.File("none")} cannot be read");
    }

    [Theory]
    [InlineData("8080")]
    [InlineData("ftp://127.0.0.1")]
    [InlineData("http://user:canary@127.0.0.1")]
    [InlineData("http://127.0.0.1?canary")]
    public void What_is_no_place_is_refused_and_not_repeated(string url) =>
        Should.Throw<FormatException>(() => Resolve(url)).Message.ShouldBe("--server: it must be http://ADDRESS:PORT or https://ADDRESS");

    [Theory]
    [InlineData("http://*:8080", "http://127.0.0.1:8080/")]
    [InlineData("http://0.0.0.0:8080", "http://127.0.0.1:8080/")]
    [InlineData("http://[::]:8080", "http://[::1]:8080/")]
    [InlineData("http://localhost:8080/", "http://localhost:8080/")]
    public void A_place_that_stands_for_all_is_this_machine(string url, string called) =>
        Resolve(url).Url.AbsoluteUri.ShouldBe(called);

    [Fact]
    public void The_file_is_its_owners_alone_and_tells_its_key_to_readers_alone()
    {
        var file = new ServiceFile("http://127.0.0.1:1", Key, 42);
        file.Write(_at.Path);
        file.ToString().ShouldNotContain(Key);
        Directory.GetFiles(_at.Path).ShouldBe([_at.File("service.json")]);
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(_at.File("service.json")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        ServiceFile.Read(_at.Path).ShouldBe(file);
        ServiceFile.Remove(_at.Path);
        ServiceFile.Read(_at.Path).ShouldBeNull();
        ServiceFile.Read(_at.File("none")).ShouldBeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"url":"canary","key":"canary"}""")]
    [InlineData("""{"url":"http://127.0.0.1:1"}""")]
    public void A_damaged_file_is_said_to_be(string text)
    {
        Write("service.json", text);
        Should.Throw<DataDirectoryException>(() => Resolve()).Message.ShouldBe(
            $"{_at.File("service.json")} is damaged: restart the service, or name it with --server URL");
    }

    [Fact]
    public void A_file_that_this_user_cannot_read_is_said_to_be()
    {
        Directory.CreateDirectory(_at.File("service.json")); // denied to root too
        Should.Throw<DataDirectoryException>(() => Resolve()).Message.ShouldStartWith(
            $"{_at.File("service.json")} cannot be read by this user: run the command as the service's user, or name the service");
    }

    private ServiceTarget Resolve(string? server = null, string? keyFile = null) =>
        ServiceTarget.Resolve(server, keyFile, name => _environment.GetValueOrDefault(name), () => _at.Path);

    private string Write(string name, string text)
    {
        File.WriteAllText(_at.File(name), text);
        return _at.File(name);
    }
}
