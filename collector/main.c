#include "collector/program.h"

int main(int argc, char **argv)
{
	return program_main(&collector_program, argc, argv);
}
