using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;

namespace OtpActors.CommandLine;

/// <summary>Which build of the program this is.</summary>
internal static class ProgramVersion
{
    /// <summary>
    /// <c>OtpActors 1.0.0, revision 0a1b…</c>; without the revision where the sources had no history.
    /// </summary>
    public static string Text { get; } = From(typeof(ProgramVersion).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion);

    internal static string From(string informational) => informational.Split('+', 2) switch
    {
        [var version, var revision] => $"OtpActors {version}, revision {revision}",
        _ => $"OtpActors {informational}",
    };

    internal sealed class Show : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parsed)
        {
            parsed.InvocationConfiguration.Output.WriteLine(Text);
            return ExitCodes.Done;
        }
    }
}
