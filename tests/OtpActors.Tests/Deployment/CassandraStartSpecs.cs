using System.Runtime.Versioning;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Deployment;

/// <summary>
/// <c>deploy/cassandra/start.sh</c> beside a stand-in of cqlsh that keeps the roles in files and refuses as often as it is
/// told to, as a server does that is still starting.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class CassandraStartSpecs : IDisposable
{
    private const string Cqlsh = """
        #!/bin/bash
        # $STATE/superuser: the superuser's password; $STATE/refusals: how many more times nobody is let in
        echo "$*" >> "$STATE/arguments"
        statement=$(cat)
        left=$(cat "$STATE/refusals")
        if [ "$left" -gt 0 ]; then echo $((left - 1)) > "$STATE/refusals"; exit 1; fi
        file=${1#--credentials=}
        user=$(sed -n 's/^username = //p' "$file"); password=$(sed -n 's/^password = //p' "$file")
        [ "$user" = cassandra ] && [ "$password" = "$(cat "$STATE/superuser")" ] || exit 1
        case $statement in
          "CREATE ROLE IF NOT EXISTS otpactors WITH PASSWORD = '"*) expr "$statement" : ".*PASSWORD = '\(.*\)' AND" > "$STATE/role" ;;
          "GRANT CREATE ON ALL KEYSPACES TO otpactors;") touch "$STATE/granted" ;;
          "ALTER ROLE cassandra WITH PASSWORD = '"*) expr "$statement" : ".*PASSWORD = '\(.*\)'" > "$STATE/superuser" ;;
          SELECT*) ;;
          *) exit 2 ;;
        esac
        """;

    private const string Server = """
        #!/bin/bash
        echo "$* ${SUPERUSER_PASSWORD:-none} ${OTPACTORS_PASSWORD:-none}" > "$STATE/server"
        while [ -e "$CREDENTIALS/first.credentials" ]; do read -r -t 0.05 <> <(:) || true; done
        """;

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task The_first_start_replaces_the_known_password_and_makes_the_role(int refusals)
    {
        await StartAsync("cassandra", refusals);

        (Read("role"), Read("superuser")).ShouldBe(("of-the-service", "of-the-superuser"));
        Exists("granted").ShouldBeTrue();
        var settings = Read("cassandra.yaml").Split('\n');
        settings.ShouldContain("  class_name : PasswordAuthenticator");
        settings.ShouldContain("authorizer: CassandraAuthorizer");
    }

    [Theory]
    [InlineData("commitlog_sync: periodic\ncommitlog_sync_period: 10000ms\ncommitlog_sync_group_window: 1000ms")] // 4.1 and later
    [InlineData("commitlog_sync: periodic\ncommitlog_sync_period_in_ms: 10000\ncommitlog_sync_batch_window_in_ms: 2")] // 4.0
    [InlineData("# commitlog_sync: batch")]
    [InlineData("commitlog_sync: batch")]
    public async Task Writes_are_acknowledged_once_they_are_on_disk(string image)
    {
        for (var start = 0; start < 2; start++)
        {
            await StartAsync(start == 0 ? "cassandra" : "of-the-superuser", refusals: 0, start == 0 ? image : Read("cassandra.yaml"));
            var settings = Read("cassandra.yaml").Split('\n');
            settings.Where(line => line.StartsWith("commitlog_sync", StringComparison.Ordinal)).ShouldBe(["commitlog_sync: batch"]);
            settings.ShouldContain("commitlog_segment_size: 32MiB");
        }
    }

    [Fact]
    public async Task A_later_start_changes_nothing()
    {
        await StartAsync("of-the-superuser", refusals: 0);
        Read("superuser").ShouldBe("of-the-superuser");
        Exists("role").ShouldBeFalse();
    }

    [Fact]
    public async Task No_password_is_among_arguments_or_left_to_the_server()
    {
        await StartAsync("cassandra", refusals: 2);
        Read("arguments").ShouldNotContain("of-the");
        Read("server").ShouldBe("cassandra -f none none");
        Read("otpactors.credentials").ShouldBe("[PlainTextAuthProvider]\nusername = otpactors\npassword = of-the-service");
        File.GetUnixFileMode(_directory.File("otpactors.credentials")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _directory.Names().Where(name => name.EndsWith(".credentials", StringComparison.Ordinal)).ShouldBe(["otpactors.credentials"]);
    }

    private async Task StartAsync(string superuser, int refusals, string settings = "")
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "it is a script of the container");
        var bash = Repository.Require("bash");
        Write("cqlsh", Cqlsh);
        Write("docker-entrypoint.sh", Server);
        Write("superuser", superuser);
        Write("refusals", $"{refusals}");
        Write("cassandra.yaml", "authenticator:\n  class_name : AllowAllAuthenticator\nauthorizer: AllowAllAuthorizer\n"
            + $"commitlog_segment_size: 32MiB\n{settings}");
        var (exitCode, said) = await Repository.RunAsync(bash, [Repository.File("deploy/cassandra/start.sh")], new Dictionary<string, string?>
        {
            ["PATH"] = $"{_directory.Path}:{Environment.GetEnvironmentVariable("PATH")}",
            ["STATE"] = _directory.Path,
            ["CREDENTIALS"] = _directory.Path,
            ["CASSANDRA_CONFIG"] = _directory.Path,
            ["RETRY_SECONDS"] = "0",
            ["SUPERUSER_PASSWORD"] = "of-the-superuser",
            ["OTPACTORS_PASSWORD"] = "of-the-service",
        });
        exitCode.ShouldBe(0, said);
    }

    private string Read(string name) => File.ReadAllText(_directory.File(name)).Trim();

    private bool Exists(string name) => File.Exists(_directory.File(name));

    private void Write(string name, string text)
    {
        File.WriteAllText(_directory.File(name), text + "\n");
        File.SetUnixFileMode(_directory.File(name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
