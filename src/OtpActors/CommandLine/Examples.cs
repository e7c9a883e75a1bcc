using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;

namespace OtpActors.CommandLine;

/// <summary>Examples of a command, declared beside it and shown at the end of its help.</summary>
internal static class Examples
{
    private static readonly ConditionalWeakTable<Command, string[]> Declared = [];

    /// <summary>
    /// Declares command lines that do something useful, each from the verb on: <c>runs --limit 5</c>. At least two.
    /// </summary>
    /// <returns>The same command.</returns>
    public static T WithExamples<T>(this T command, params string[] examples) where T : Command
    {
        Declared.AddOrUpdate(command, examples);
        return command;
    }

    public static IReadOnlyList<string> From(Command command) =>
        Declared.TryGetValue(command, out var examples) ? examples : [];

    /// <summary>The library's help, then the command's examples as whoever started this program types them.</summary>
    internal sealed class Help(HelpAction library) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parsed)
        {
            var exitCode = library.Invoke(parsed);
            var (command, output) = (parsed.CommandResult.Command, parsed.InvocationConfiguration.Output);
            var examples = From(command);
            if (examples.Count > 0)
            {
                output.WriteLine("Examples:");
                foreach (var example in examples)
                {
                    output.WriteLine($"  {Invocation.Program} {example}");
                }

                output.WriteLine();
            }

            if (command is RootCommand)
            {
                output.WriteLine("Exit codes:");
                output.WriteLine($"  {ExitCodes.Done}  done");
                output.WriteLine($"  {ExitCodes.NotDone}  not done, or not all of it");
                output.WriteLine($"  {ExitCodes.BadInput}  wrong arguments, settings or input; nothing was done");
                output.WriteLine();
            }

            return exitCode;
        }
    }
}
