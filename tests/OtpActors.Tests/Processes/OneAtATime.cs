using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>Specs that start the program: one at a time, since each wants the machine for itself.</summary>
[CollectionDefinition(Name)]
public sealed class OneAtATime
{
    public const string Name = "processes";
}
