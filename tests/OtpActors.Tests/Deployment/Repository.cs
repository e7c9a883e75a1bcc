using System.Diagnostics;
using System.Reflection;
using Xunit;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace OtpActors.Tests.Deployment;

/// <summary>The files that are not code, and the programs that judge them.</summary>
internal static class Repository
{
    private const string Required = "OTPACTORS_REQUIRE_SERVERS";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    public static string Root { get; } = Path.GetFullPath(typeof(Repository).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(each => each.Key == "Repository").Value!);

    public static string File(string path) => Path.Combine(Root, path);

    public static bool Has(string path) => System.IO.File.Exists(File(path)) || Directory.Exists(File(path));

    public static string Text(string path) => System.IO.File.ReadAllText(File(path));

    public static IReadOnlyList<string> Lines(string path) => System.IO.File.ReadAllLines(File(path));

    /// <summary>A YAML document as dictionaries, lists and strings, its anchors and merges resolved.</summary>
    public static Dictionary<object, object> Yaml(string path)
    {
        using var reader = new StringReader(Text(path));
        return new DeserializerBuilder().Build().Deserialize<Dictionary<object, object>>(new MergingParser(new Parser(reader)));
    }

    /// <summary>Where the program is; without it the test is skipped, or fails where all is required.</summary>
    public static string Require(string program)
    {
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(directory => Path.Combine(directory, program)).FirstOrDefault(System.IO.File.Exists);
        Assert.False(found is null && Environment.GetEnvironmentVariable(Required) == "1", $"It is required ({Required}=1): {program} is not installed");
        Assert.SkipWhen(found is null, $"{program} is not installed");
        return found!;
    }

    /// <summary>Without this file or directory, as in sources that came without their history, the test is skipped, or fails.</summary>
    public static void RequireThere(string path)
    {
        Assert.False(!Exists() && Environment.GetEnvironmentVariable(Required) == "1", $"It is required ({Required}=1): {path} is not there");
        Assert.SkipUnless(Exists(), $"{path} is not there");

        bool Exists() => Has(path);
    }

    public static async Task<(int ExitCode, string Said)> RunAsync(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Path.GetTempPath(),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (key, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[key] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var said = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var bound = new CancellationTokenSource(Bound);
        try
        {
            await process.WaitForExitAsync(bound.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} goes on after {Bound}.");
        }

        return (process.ExitCode, string.Concat(await said));
    }
}
