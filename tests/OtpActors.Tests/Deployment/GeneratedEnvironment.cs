using Shouldly;
using Xunit;

namespace OtpActors.Tests.Deployment;

/// <summary>What <c>deploy/make-env.sh</c> writes, in a directory of the tests' own; gone with them.</summary>
public sealed class GeneratedEnvironment : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();

    public string Root => _directory.Path;

    public string EnvFile => _directory.File(".env");

    public IReadOnlyDictionary<string, string> Variables => File.ReadAllLines(EnvFile)
        .Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

    public string Secret(string name) => Path.Combine(Root, "deploy", "secrets", name);

    public async ValueTask InitializeAsync()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var (exitCode, said) = await MakeAsync();
        exitCode.ShouldBe(0, said);
    }

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    internal Task<(int ExitCode, string Said)> MakeAsync() =>
        Repository.RunAsync(Repository.Require("sh"), [Repository.File("deploy/make-env.sh"), Root]);
}
