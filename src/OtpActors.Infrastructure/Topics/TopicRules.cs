using System.Text.RegularExpressions;

namespace OtpActors.Infrastructure.Topics;

/// <summary>Kafka's rules for topics, so that what is accepted here is accepted there.</summary>
public static partial class TopicRules
{
    /// <summary>A fetch looks at every partition in turn; beyond this a topic belongs on Kafka.</summary>
    private const int MaxPartitions = 10_000;

    public static void Check(TopicSpec spec)
    {
        CheckName(spec.Name);
        if (spec.Partitions is < 1 or > MaxPartitions)
        {
            throw new TopicException(
                $"the topic {spec.Name} cannot have {spec.Partitions} partitions: choose 1 to {MaxPartitions}");
        }
    }

    /// <summary>Whether a topic of records can have the name: with room for its dead letters' suffix.</summary>
    public static bool IsForRecords(string name) => IsLegal(name) && name.Length <= 245;

    public static bool IsLegal(string name) => LegalName().IsMatch(name) && name is not ("." or "..");

    public static void CheckName(string name)
    {
        if (!IsLegal(name))
        {
            throw new TopicException(
                $"'{name}' is no name for a topic: use 1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' and '-', "
                    + "and not '.' or '..' alone");
        }
    }

    [GeneratedRegex(@"\A[a-zA-Z0-9._-]{1,249}\z")]
    private static partial Regex LegalName();
}
